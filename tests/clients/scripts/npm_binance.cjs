// npm binance: REST, streams, the WebSocket API and its user data. Clocks are not synchronised: that goes elsewhere.
'use strict';

const { MainClient, WebsocketAPIClient, WebsocketClient } = require('binance');
const { Day, PLAN, SYMBOL, claim, live } = require('./day.cjs');

const QUIET = { trace: () => {}, info: () => {}, error: console.error };

class NpmBinance extends Day {
  constructor() {
    super();
    this.client = this.clientWith(this.secret);
  }

  clientWith(secret) {
    return new MainClient({ api_key: this.key, api_secret: secret, baseUrl: this.url });
  }

  exchangeInfo() {
    return this.client.getExchangeInfo();
  }

  account() {
    return this.client.getAccountInformation();
  }

  newOrder(order) {
    return this.client.submitNewOrder(order);
  }

  queryOrder(orderId) {
    return this.client.getOrder({ symbol: SYMBOL, orderId });
  }

  cancelOrder(orderId) {
    return this.client.cancelOrder({ symbol: SYMBOL, orderId });
  }

  replaceOrder(order) {
    return this.client.replaceOrder(order);
  }

  newOco(oco) {
    return this.client.submitNewOrderList({
      symbol: SYMBOL, side: 'SELL', quantity: PLAN.quantity, aboveType: 'LIMIT_MAKER', abovePrice: oco.above_price,
      belowType: 'STOP_LOSS_LIMIT', belowStopPrice: oco.below_stop_price, belowPrice: oco.below_price,
      belowTimeInForce: 'GTC',
    });
  }

  myTrades(orderId) {
    return this.client.getAccountTradeList({ symbol: SYMBOL, orderId });
  }

  priceOf(symbol) {
    return this.client.getSymbolPriceTicker({ symbol });
  }

  deepBook(limit) {
    return this.client.getOrderBook({ symbol: SYMBOL, limit });
  }

  askWithWrongSecret() {
    return this.clientWith('wrong').getAccountInformation();
  }

  askWithWrongClock() {
    const late = this.clientWith(this.secret);
    late.setTimeOffset(-PLAN.late_by_ms);
    return late.getAccountInformation();
  }

  hearTrades(told) {
    return this.hear(`${SYMBOL.toLowerCase()}@trade`, told);
  }

  hearBook(told) {
    return this.hear(`${SYMBOL.toLowerCase()}@depth@100ms`, told);
  }

  async hear(stream, told) {
    const client = new WebsocketClient({ wsUrl: this.sockets }, QUIET);
    client.on('message', told);
    await client.subscribe(stream, 'main');
    return () => client.closeAll(true);
  }

  socketApi() {
    const options = { api_key: this.key, api_secret: this.secret, wsUrl: this.sockets, attachEventListeners: false };
    return new WebsocketAPIClient(options, QUIET);
  }

  async hearUser(told) {
    const api = this.socketApi();
    api.getWSClient().on('message', (message) => told(message.event ?? message));
    await api.subscribeUserDataStream('mainWSAPI');
    return () => api.getWSClient().closeAll(true);
  }

  async socket_order() {
    const api = this.socketApi();
    const placed = await api.submitNewSpotOrder({
      symbol: SYMBOL, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: PLAN.quantity, price: PLAN.far_price,
      timestamp: Date.now(),
    });
    const { orderId } = placed.result;
    const cancelled = await api.cancelSpotOrder({ symbol: SYMBOL, orderId, timestamp: Date.now() });
    api.getWSClient().closeAll(true);
    return {
      saw: `order.place ${placed.result.status}, order.cancel ${cancelled.result.status}`,
      orders: claim(cancelled.result),
    };
  }
}

live(new NpmBinance());
