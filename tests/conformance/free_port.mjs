// free_port.mjs - a port of the loopback that nobody listened on a moment ago.
import net from 'node:net';

export function freePort() {
  return new Promise(f => { const s = net.createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => f(port)); }); });
}
