// The scripted day for clients of Node, step by step as in day.py and wire_day.py; answers are the exchange's own JSON.
// A script extends Day with the calls of its client. A step is one line of JSON; a line in return begins the next.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');

const PLAN = JSON.parse(fs.readFileSync(path.join(__dirname, 'day.json'), 'utf8'));
const SYMBOL = PLAN.symbol;
const STEPS = [
  'markets', 'balance', 'market_stream', 'book_stream', 'limit_in_parts', 'user_data', 'cancel', 'replace', 'stop', 'oco',
  'socket_order', 'bot_trade', 'error_filter', 'error_funds', 'error_unknown_order', 'error_signature', 'error_clock',
  'error_symbol', 'rate_limit',
];

// A number as text without zeros at its end.
const plain = (text) => (String(text).includes('.') ? String(text).replace(/0+$/, '').replace(/\.$/, '') : String(text));

const nameOf = (order) => `${order.symbol}:${order.orderId}`;

const claim = (order) => ({ [nameOf(order)]: [order.status, order.executedQty] });

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Day {
  constructor() {
    this.url = process.env.VENUE_URL;
    this.sockets = this.url.replace('http://', 'ws://');
    this.key = process.env.VENUE_API_KEY;
    this.secret = process.env.VENUE_API_SECRET;
  }

  // An order of the counterparty's, through the venue's own door; it is matched when this resolves.
  async other(side, quantity, price) {
    const order = { account: 'counterparty', symbol: SYMBOL, side, type: 'LIMIT', quantity, price };
    const answer = await fetch(`${this.url}/venue/orders`, { method: 'POST', body: JSON.stringify(order) });
    assert(answer.ok, await answer.text());
  }

  async publicTrade() {
    const { quantity, price } = PLAN.public_trade;
    await this.other('BUY', quantity, price);
    await this.other('SELL', quantity, price);
  }

  // The first true answer of `done`, asked again and again; an error where none comes.
  async waitFor(done, what, every = 10) {
    const end = Date.now() + 1000 * PLAN.patience_seconds;
    for (;;) {
      const answer = await done();
      if (answer) return answer;
      if (Date.now() > end) throw new Error(`${what} did not come within ${PLAN.patience_seconds} s`);
      await pause(every);
    }
  }

  buyAt(price) {
    return this.newOrder({ symbol: SYMBOL, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: PLAN.quantity, price });
  }

  async markets() {
    const info = await this.exchangeInfo();
    const rules = info.symbols.find((one) => one.symbol === SYMBOL);
    const tick = plain(rules.filters.find((one) => one.filterType === 'PRICE_FILTER').tickSize);
    const saw = `${info.symbols.length} markets; ${SYMBOL} price step ${tick}, ${rules.filters.length} filters`;
    return { saw, markets: info.symbols.map((one) => one.symbol) };
  }

  async balance() {
    const held = Object.fromEntries((await this.account()).balances.map((one) => [one.asset, [one.free, one.locked]]));
    const balances = { [PLAN.base]: held[PLAN.base], [PLAN.quote]: held[PLAN.quote] };
    return { saw: `${plain(held[PLAN.quote][0])} ${PLAN.quote} free`, balances };
  }

  async market_stream() {
    const trades = [];
    const stop = await this.hearTrades((trade) => trades.push(trade));
    try {
      // a stream tells nothing of what came before it: others trade until it is heard
      await this.waitFor(async () => (await this.publicTrade(), trades.length), 'a trade on the stream', 100);
    } finally {
      await stop();
    }
    const [heard] = trades;
    return { saw: `${heard.e} ${heard.t}: ${plain(heard.q)} at ${plain(heard.p)}`, trades: [[String(heard.t), heard.q, heard.p]] };
  }

  async book_stream() {
    const updates = [];
    const stop = await this.hearBook((update) => updates.push(update));
    const { quantity, price } = PLAN.bid_of_others;
    let newest;
    try {
      const bidAndLook = async () => (await this.other('BUY', quantity, price), updates.length);
      await this.waitFor(bidAndLook, 'word of the book on the stream', 100);
      newest = (await this.deepBook(PLAN.shallow_limit)).lastUpdateId;
      await this.waitFor(() => updates[updates.length - 1].u >= newest, `update ${newest} of the book`);
    } finally {
      await stop();
    }
    assert(updates.every((one, index) => index === 0 || one.U === updates[index - 1].u + 1), JSON.stringify(updates));
    const last = updates[updates.length - 1];
    return { saw: `${updates.length} ${last.e} without a gap, up to update ${newest} of REST`, book: last.u };
  }

  async limit_in_parts() {
    const placed = await this.buyAt(PLAN.limit_price);
    const [first, second] = PLAN.parts;
    await this.other('SELL', first, PLAN.limit_price);
    const partly = await this.queryOrder(placed.orderId);
    assert.deepStrictEqual([partly.status, plain(partly.executedQty)], ['PARTIALLY_FILLED', first]);
    await this.other('SELL', second, PLAN.limit_price);
    const done = await this.queryOrder(placed.orderId);
    const trades = await this.myTrades(placed.orderId);
    return {
      saw: `${placed.status}, ${partly.status} ${first}, ${done.status} in ${trades.length} fills`,
      orders: claim(done),
      fills: { [nameOf(done)]: trades.map((one) => [String(one.id), one.qty, one.price]) },
    };
  }

  async user_data() {
    const events = [];
    const stop = await this.hearUser((event) => events.push(event));
    let placed;
    try {
      placed = await this.buyAt(PLAN.limit_price);
      for (const part of PLAN.parts) await this.other('SELL', part, PLAN.limit_price);
      await this.waitFor(
        () => events.some((one) => one.X === 'FILLED') && events[events.length - 1].e === 'outboundAccountPosition',
        'the report of the last fill and the balance after it',
      );
    } finally {
      await stop();
    }
    const reports = events.filter((one) => one.e === 'executionReport' && one.i === placed.orderId);
    const positions = events.filter((one) => one.e === 'outboundAccountPosition');
    const last = reports[reports.length - 1];
    const fills = reports.filter((one) => one.x === 'TRADE').map((one) => [String(one.t), one.l, one.L]);
    return {
      saw: `${reports.map((one) => `${one.x}/${one.X}`).join(', ')}; ${positions.length} balance updates`,
      orders: { [`${last.s}:${last.i}`]: [last.X, last.z] },
      fills: { [nameOf(placed)]: fills },
      balances: Object.fromEntries(positions[positions.length - 1].B.map((one) => [one.a, [one.f, one.l]])),
    };
  }

  async cancel() {
    const placed = await this.buyAt(PLAN.far_price);
    const cancelled = await this.cancelOrder(placed.orderId);
    return { saw: `${placed.status}, then ${cancelled.status}`, orders: claim(cancelled) };
  }

  async replace() {
    const first = await this.buyAt(PLAN.far_price);
    const answer = await this.replaceOrder({
      symbol: SYMBOL, side: 'BUY', type: 'LIMIT', cancelReplaceMode: 'STOP_ON_FAILURE', timeInForce: 'GTC',
      quantity: PLAN.quantity, price: PLAN.other_far_price, cancelOrderId: first.orderId,
    });
    const [old, fresh] = [answer.cancelResponse, answer.newOrderResponse];
    const gone = await this.cancelOrder(fresh.orderId);
    return {
      saw: `cancelReplace: the old ${old.status}, the new ${fresh.status} at ${plain(fresh.price)}`,
      orders: { ...claim(old), ...claim(gone) },
    };
  }

  async stop() {
    const { stop_price: stopPrice, price } = PLAN.stop;
    const placed = await this.newOrder({
      symbol: SYMBOL, side: 'SELL', type: 'STOP_LOSS_LIMIT', timeInForce: 'GTC', quantity: PLAN.quantity, price, stopPrice,
    });
    const waiting = await this.queryOrder(placed.orderId);
    // a trade at the stop price, with as much again bid there for what it sets free
    await this.other('BUY', PLAN.quantity, stopPrice);
    await this.other('BUY', PLAN.quantity, stopPrice);
    await this.other('SELL', PLAN.quantity, stopPrice);
    const done = await this.queryOrder(placed.orderId);
    return { saw: `${waiting.status} until ${plain(waiting.stopPrice)}, then ${done.status}`, orders: claim(done) };
  }

  async oco() {
    const answer = await this.newOco(PLAN.oco);
    await this.other('BUY', PLAN.quantity, PLAN.oco.above_price);
    const legs = {};
    for (const one of answer.orderReports) legs[one.type] = await this.queryOrder(one.orderId);
    const [above, below] = [legs.LIMIT_MAKER, legs.STOP_LOSS_LIMIT];
    return {
      saw: `${answer.listStatusType}, then above ${above.status}, below ${below.status}`,
      orders: { ...claim(above), ...claim(below) },
    };
  }

  error_filter() {
    return this.refusal(() => this.refusedOrder(PLAN.too_small));
  }

  error_funds() {
    return this.refusal(() => this.refusedOrder(PLAN.too_dear));
  }

  refusedOrder({ quantity, price }) {
    return this.newOrder({ symbol: SYMBOL, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity, price });
  }

  error_unknown_order() {
    return this.refusal(() => this.cancelOrder(PLAN.unknown_order));
  }

  error_signature() {
    return this.refusal(() => this.askWithWrongSecret());
  }

  error_clock() {
    return this.refusal(() => this.askWithWrongClock());
  }

  error_symbol() {
    return this.refusal(() => this.priceOf(PLAN.unknown_symbol));
  }

  rate_limit() {
    return this.refusal(async () => {
      for (let done = 0; done < PLAN.most_heavy_requests; done += 1) await this.deepBook(PLAN.heavy_limit);
    });
  }

  // What the client threw for a call that the exchange has to refuse.
  async refusal(doing) {
    try {
      await doing();
    } catch (error) {
      if (!Number.isInteger(error.code)) throw error;
      return { saw: `${error.constructor.name} ${error.code} ${error.message}`.slice(0, 200), code: error.code };
    }
    throw new Error('the exchange refused nothing');
  }
}

async function late() {
  await pause(3000 * PLAN.patience_seconds);
  throw new Error(`the step took longer than ${3 * PLAN.patience_seconds} s`);
}

async function outcome(day, step) {
  if (typeof day[step] !== 'function') return { status: 'missing', saw: '' };
  try {
    const told = await Promise.race([day[step](), late()]);
    const nothing = { markets: [], trades: [], book: null, orders: {}, fills: {}, balances: {}, code: null };
    return { status: 'ok', saw: told.saw, claims: { ...nothing, ...told } };
  } catch (error) {
    const saw = error instanceof Error ? `${error.name}: ${error.message}` : JSON.stringify(error);
    return { status: 'failed', saw: saw.slice(0, 300), trace: error.stack };
  }
}

async function live(day) {
  const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  for (const step of STEPS) {
    process.stdout.write(`${JSON.stringify({ step, ...(await outcome(day, step)) })}\n`);
    if ((await lines.next()).done) break;
  }
  process.exit(0); // clients keep sockets and timers for later
}

module.exports = { Day, PLAN, SYMBOL, claim, live };
