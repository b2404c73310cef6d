// free_port.mjs - a port of the loopback that nobody listened on a moment ago.
import net from 'node:net';

/* Below the range that systems give out for port 0: a server that is away for a while must not find somebody else's in
 * its place, who would answer for it. */
const FIRST = 20000, COUNT = 12000, TRIES = 100;

const isFree = port => new Promise(f => {
  const s = net.createServer();
  s.once('error', () => f(false));
  s.listen(port, '127.0.0.1', () => s.close(() => f(true)));
});

export async function freePort() {
  for (let i = 0; i < TRIES; i++) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port from ${FIRST} to ${FIRST + COUNT}`);
}
