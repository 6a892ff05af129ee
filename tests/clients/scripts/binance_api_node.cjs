// binance-api-node: REST, a socket per stream, and user data over the WebSocket API.
'use strict';

const Binance = require('binance-api-node').default;
const { Day, PLAN, SYMBOL, live } = require('./day.cjs');

class BinanceApiNode extends Day {
  constructor() {
    super();
    this.client = this.clientWith({});
  }

  clientWith(changed) {
    return Binance({
      apiKey: this.key,
      apiSecret: this.secret,
      httpBase: this.url,
      wsBase: `${this.sockets}/ws`,
      wsApi: `${this.sockets}/ws-api/v3`,
      ...changed,
    });
  }

  exchangeInfo() {
    return this.client.exchangeInfo();
  }

  account() {
    return this.client.accountInfo();
  }

  newOrder(order) {
    return this.client.order(order);
  }

  queryOrder(orderId) {
    return this.client.getOrder({ symbol: SYMBOL, orderId });
  }

  cancelOrder(orderId) {
    return this.client.cancelOrder({ symbol: SYMBOL, orderId });
  }

  replaceOrder(order) {
    return this.client.updateOrder(order);
  }

  // the deprecated form is the only one it knows
  newOco(oco) {
    return this.client.orderOco({
      symbol: SYMBOL, side: 'SELL', quantity: PLAN.quantity, price: oco.above_price, stopPrice: oco.below_stop_price,
      stopLimitPrice: oco.below_price,
    });
  }

  myTrades(orderId) {
    return this.client.myTrades({ symbol: SYMBOL, orderId });
  }

  priceOf(symbol) {
    return this.client.prices({ symbol });
  }

  deepBook(limit) {
    return this.client.book({ symbol: SYMBOL, limit });
  }

  askWithWrongSecret() {
    return this.clientWith({ apiSecret: 'wrong' }).accountInfo();
  }

  askWithWrongClock() {
    return this.clientWith({ getTime: () => Date.now() - PLAN.late_by_ms }).accountInfo();
  }

  async hearTrades(told) {
    return this.client.ws.trades(SYMBOL, told, false);
  }

  async hearBook(told) {
    return this.client.ws.depth(`${SYMBOL}@100ms`, told, false);
  }

  async hearUser(told) {
    return this.client.ws.user((event) => told({ e: event.type, ...event }), false);
  }
}

live(new BinanceApiNode());
