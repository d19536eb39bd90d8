// Preloaded into a server that listens everywhere: it listens on loopback only, and says where.
import net from 'node:net';

const { listen } = net.Server.prototype;
net.Server.prototype.listen = function (port, ...rest) {
  this.once('listening', () => console.error(`loopback port ${this.address().port}`));
  return listen.call(this, Number(port), '127.0.0.1', ...rest);
};
