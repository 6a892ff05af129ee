// Required by every Node process that is told so: no socket of it leaves this machine. What was on its way elsewhere is
// refused, and written to the file that GUARD_LOG names.
'use strict';

const dns = require('node:dns');
const fs = require('node:fs');
const net = require('node:net');

const isLocal = (host) => !host || host === 'localhost' || host === '::1' || host.startsWith('127.');

const refuse = (host) => {
  fs.appendFileSync(process.env.GUARD_LOG, `${host}\n`);
  return new Error(`a client may not leave this machine, and was on its way to ${host}`);
};

const lookUp = dns.lookup;
dns.lookup = (host, ...rest) => {
  if (isLocal(host)) return lookUp(host, ...rest);
  return rest[rest.length - 1](refuse(host));
};

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function guarded(...given) {
  const [first] = given;
  const options = Array.isArray(first) ? first[0] : first;
  const host = typeof options === 'object' ? options.host : given[1];
  if (net.isIP(host) && !isLocal(host)) throw refuse(host); // names are looked up, above
  return connect.apply(this, given);
};
