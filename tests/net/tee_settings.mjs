// Upstreams as the world has them: TLS and certificates, proxies, headers of the user's, several of them, ourselves.
//
//   node tee_settings.mjs TEE_DRIVER
import assert from 'node:assert/strict';
import child from 'node:child_process';
import dns from 'node:dns';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Driver, GrpcUpstream, Upstream, Watched, cleanup, grpc, heldPort, log, range, run, skip, temp, trace, within } from './tee_upstream.mjs';

const GRPC = { protocol: 'grpc' };

/** A CA, a server's certificate for the loopback and a client's, made once. NULL where there is no openssl. */
let made;
function certificates() {
  if (made !== undefined) return made;
  const dir = temp();
  const openssl = (...args) => child.spawnSync('openssl', args, { cwd: dir, encoding: 'utf8' });
  if (openssl('version').status !== 0) return made = null;
  const must = (...args) => { const r = openssl(...args); assert.equal(r.status, 0, `openssl ${args.join(' ')}: ${r.stderr}`); };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  must('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=Test CA');
  for (const [name, extensions] of [['server', 'subjectAltName=IP:127.0.0.1,DNS:collector.example'], ['client', 'extendedKeyUsage=clientAuth']]) {
    fs.writeFileSync(path.join(dir, `${name}.ext`), extensions);
    must('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    must('x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', `${name}.ext`, '-out', `${name}.pem`);
  }
  must('ec', '-in', 'client.key', '-aes128', '-passout', 'pass:x', '-out', 'locked.key');
  return made = Object.fromEntries(['ca.pem', 'server.pem', 'server.key', 'client.pem', 'client.key', 'locked.key'].map(f => [f, path.join(dir, f)]));
}

/** An https upstream in HTTP/1.1; the rest is Upstream's. */
class TlsUpstream extends Upstream {
  constructor(tls, answer) { super(answer); this.create = handler => https.createServer(tls, handler); this.scheme = 'https'; }
}

const serverTls = c => ({ key: fs.readFileSync(c['server.key']), cert: fs.readFileSync(c['server.pem']) });

async function tlsHttp() {
  const c = certificates();
  if (!c) return skip('openssl is not here to make certificates');
  const up = await new TlsUpstream(serverTls(c)).start();
  let driver = await Driver.start(up.url, '-', { ca_file: c['ca.pem'] });
  for (let i = 0; i < 5; i++) driver.append(log(`${i}`));
  await driver.when(s => s.forwarded_requests === 5);
  assert.deepEqual(up.bodies(), range(5, String));
  assert.equal(up.connections, 1);
  await driver.stop();
  driver = await Driver.start(up.url, '-'); /* the system's CAs do not know it */
  driver.append(log('x'));
  const s = await driver.when(stats => stats.retries >= 1);
  assert.match(s.last_error, /^the upstream's certificate is not trusted: .*, retrying in/);
  assert.equal(up.requests.length, 5);
  await driver.stop();
}

async function tlsGrpc() {
  const c = certificates();
  if (!c) return skip('openssl is not here to make certificates');
  const up = await new GrpcUpstream(undefined, serverTls(c)).start();
  const driver = await Driver.start(up.url, '-', { ...GRPC, ca_file: c['ca.pem'] });
  for (let i = 0; i < 10; i++) driver.append(grpc(`${i}`));
  const s = await driver.when(stats => stats.forwarded_requests === 10);
  assert.deepEqual(up.bodies(), range(10, String));
  assert.deepEqual([up.connections, s.retries], [1, 0], 'by ALPN, on one connection');
  await driver.stop();
}

/** https, but not HTTP/2: it is said, and not taken for success. */
async function tlsWithoutHttp2() {
  const c = certificates();
  if (!c) return skip('openssl is not here to make certificates');
  const up = await new TlsUpstream(serverTls(c), (q, r) => { r.writeHead(404); r.end(); }).start();
  const driver = await Driver.start(up.url, '-', { ...GRPC, ca_file: c['ca.pem'] });
  driver.append(grpc('x'));
  const s = await driver.when(stats => stats.rejected === 1);
  assert.equal(s.last_error, 'HTTP 404 by HTTP/1, gRPC needs HTTP/2');
  assert.equal(s.last_grpc_status, 12);
  await driver.stop();
}

async function clientCertificate() {
  const c = certificates();
  if (!c) return skip('openssl is not here to make certificates');
  const tls = { ...serverTls(c), ca: fs.readFileSync(c['ca.pem']), requestCert: true, rejectUnauthorized: true };
  const up = await new GrpcUpstream(undefined, tls).start();
  let driver = await Driver.start(up.url, '-', { ...GRPC, ca_file: c['ca.pem'], cert_file: c['client.pem'], key_file: c['client.key'] });
  driver.append(grpc('with'));
  await driver.when(s => s.forwarded_requests === 1);
  assert.equal(up.requests[0].peer.CN, 'client');
  await driver.stop();
  driver = await Driver.start(up.url, '-', { ...GRPC, ca_file: c['ca.pem'] });
  driver.append(grpc('without'));
  await driver.when(s => s.retries >= 1);
  assert.equal(up.requests.length, 1);
  await driver.stop();
  /* An encrypted key must not ask at the terminal. */
  driver = await Driver.start(up.url, '-', { ...GRPC, ca_file: c['ca.pem'], cert_file: c['client.pem'], key_file: c['locked.key'] });
  driver.append(grpc('locked'));
  const s = await driver.when(stats => stats.retries >= 1);
  assert.match(s.last_error, /^the client certificate or its key cannot be used/);
  await driver.stop();
  for (const [settings, said] of [[{ ca_file: '/nowhere/ca.pem' }, /cannot read the upstream's CA certificates \/nowhere\/ca.pem/],
    [{ cert_file: '/nowhere/c.pem' }, /cannot read the client certificate/], [{ key_file: c['client.key'] }, /needs its certificate/]])
    assert.match(await refusal(up.url, settings), said);
}

/** What the driver says when it does not start. */
function refusal(url, settings) {
  const args = [url, '-', ...Object.entries(settings).flatMap(([k, v]) => [v].flat().map(one => `${k}=${one}`))];
  const p = child.spawn(Driver.program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let err = '';
  p.stderr.on('data', d => { err += d; });
  cleanup(() => p.kill('SIGKILL'));
  return within(new Promise(yes => p.once('close', code => yes(code === 2 ? err : `exit ${code}: ${err}`))), () => `a refusal of ${url}`);
}

async function addedHeaders() {
  const header = ['X-Scope-OrgID: tenant-1', 'authorization: Bearer t0ken: with colon', 'X-Empty:'];
  const up = await new Upstream().start();
  let driver = await Driver.start(up.url, '-', { header });
  driver.append(log('{}', { headers: [['Content-Type', 'application/json'], ['Authorization', 'Basic sender'], ['x-scope-orgid', 'a'], ['X-Other', '1']] }));
  await driver.when(s => s.forwarded_requests === 1);
  assert.deepEqual(up.requests[0].raw.filter(([n]) => !['Host', 'Content-Length'].includes(n)),
    [['Content-Type', 'application/json'], ['X-Other', '1'], ['X-Scope-OrgID', 'tenant-1'], ['authorization', 'Bearer t0ken: with colon'], ['X-Empty', '']]);
  await driver.stop();
  const up2 = await new GrpcUpstream().start();
  driver = await Driver.start(up2.url, '-', { ...GRPC, header });
  driver.append(grpc('x', { headers: [['authorization', 'Basic sender']] }));
  await driver.when(s => s.forwarded_requests === 1);
  const h = up2.requests[0].headers;
  assert.deepEqual([h.authorization, h['x-scope-orgid'], h['x-empty']], ['Bearer t0ken: with colon', 'tenant-1', '']);
  await driver.stop();
  for (const bad of ['s3cret', 'Bad Name: s3cret', 'Content-Type: s3cret', 'Host: s3cret', 'grpc-encoding: s3cret', 'Transfer-Encoding: s3cret', ': s3cret', 'X: s3cret\x01']) {
    const words = await refusal(up.url, { header: bad });
    assert.match(words, /header/);
    assert.doesNotMatch(words, /s3cret|exit/, 'the value may be a secret');
  }
  assert.match(await refusal(up.url, { header: range(33, i => `x-${i}: 1`) }), /more than 32 headers/);
}

/** A proxy on the loopback that forwards and tunnels, and sends everybody to one upstream, whatever the name. */
class Proxy extends Watched {
  seen = [];
  async start(to) {
    const server = http.createServer((q, r) => {
      this.seen.push({ how: 'forward', url: q.url, headers: q.headers });
      const onward = http.request({ port: to.port, host: '127.0.0.1', method: q.method, path: new URL(q.url).pathname, headers: q.headers }, a => { r.writeHead(a.statusCode, a.headers); a.pipe(r); });
      onward.on('error', () => r.destroy());
      q.pipe(onward);
    });
    const sockets = new Set();
    server.on('connection', s => { sockets.add(s); s.on('error', () => {}); });
    server.on('connect', (q, socket, head) => {
      this.seen.push({ how: 'connect', url: q.url, headers: q.headers });
      if (this.refuse) return socket.end(`HTTP/1.1 ${this.refuse} No\r\ncontent-length: 0\r\n\r\n`);
      const onward = net.connect(to.port, '127.0.0.1', () => { socket.write('HTTP/1.1 200 OK\r\n\r\n'); onward.write(head); onward.pipe(socket).pipe(onward); });
      onward.on('error', () => socket.destroy());
      socket.on('error', () => onward.destroy());
      sockets.add(onward);
    });
    await new Promise(yes => server.listen(0, '127.0.0.1', yes));
    this.url = `http://user:pw@127.0.0.1:${server.address().port}`;
    cleanup(() => { for (const s of sockets) s.destroy(); server.close(); });
    return this;
  }
}

async function proxied() {
  const up = await new Upstream().start();
  const proxy = await new Proxy().start(up);
  const driver = await Driver.start('http://collector.example:4318', '-', {}, { http_proxy: proxy.url });
  for (let i = 0; i < 3; i++) driver.append(log(`${i}`, { headers: [['X-A', 'b']] }));
  await driver.when(s => s.forwarded_requests === 3);
  assert.deepEqual(up.bodies(), range(3, String));
  assert.deepEqual(proxy.seen.map(x => [x.how, x.url]), range(3, () => ['forward', 'http://collector.example:4318/v1/logs']));
  assert.match(proxy.seen[0].headers['proxy-authorization'], /^Basic /, 'the name and password of the variable');
  await driver.stop();
}

async function tunnelled() {
  const up = await new GrpcUpstream().start();
  const proxy = await new Proxy().start(up);
  const driver = await Driver.start('http://collector.example:4317', '-', GRPC, { http_proxy: proxy.url });
  for (let i = 0; i < 10; i++) driver.append(grpc(`${i}`, { headers: [['x-secret', 's']] }));
  let s = await driver.when(stats => stats.forwarded_requests === 10);
  assert.deepEqual(up.bodies(), range(10, String));
  assert.deepEqual(proxy.seen.map(x => [x.how, x.url]), [['connect', 'collector.example:4317']], 'one tunnel for all');
  assert.equal(proxy.seen[0].headers['x-secret'], undefined, 'no header is for the proxy');
  assert.equal(s.retries, 0);
  await driver.stop();
  proxy.refuse = 407;
  const again = await Driver.start('http://collector.example:4317', '-', GRPC, { http_proxy: proxy.url });
  again.append(grpc('x'));
  s = await again.when(stats => stats.retries >= 1);
  assert.match(s.last_error, /^the proxy answers HTTP 407, retrying in/);
  await again.stop();
}

/** https through a proxy: it sees the name and nothing else, and the certificate must be of that name. */
async function tunnelledTls() {
  const c = certificates();
  if (!c) return skip('openssl is not here to make certificates');
  const up = await new TlsUpstream(serverTls(c)).start();
  const proxy = await new Proxy().start(up);
  let driver = await Driver.start('https://collector.example:4318', '-', { ca_file: c['ca.pem'] }, { HTTPS_PROXY: proxy.url });
  for (let i = 0; i < 5; i++) driver.append(log(`${i}`, { headers: [['Authorization', 's3cret']] }));
  await driver.when(s => s.forwarded_requests === 5);
  assert.deepEqual(up.bodies(), range(5, String));
  assert.deepEqual(proxy.seen.map(x => [x.how, x.url, x.headers.authorization]), [['connect', 'collector.example:4318', undefined]]);
  await driver.stop();
  driver = await Driver.start('https://other.example:4318', '-', { ca_file: c['ca.pem'] }, { HTTPS_PROXY: proxy.url });
  driver.append(log('x'));
  const s = await driver.when(stats => stats.retries >= 1);
  assert.match(s.last_error, /^the upstream's certificate is not trusted: /);
  assert.equal(up.requests.length, 5);
  await driver.stop();
}

async function noProxyForLoopback() {
  const [h, g] = [await new Upstream().start(), await new GrpcUpstream().start()];
  const nobody = `http://127.0.0.1:${await heldPort()}`;
  const env = { http_proxy: nobody, HTTPS_PROXY: nobody, ALL_PROXY: nobody };
  for (const url of [h.url, h.url.replace('127.0.0.1', 'localhost')]) {
    const driver = await Driver.start(url, '-', {}, env);
    driver.append(log('x'));
    await driver.when(s => s.forwarded_requests === 1);
    await driver.stop();
  }
  const driver = await Driver.start(g.url, '-', GRPC, env);
  driver.append(grpc('x'));
  await driver.when(s => s.forwarded_requests === 1);
  await driver.stop();
}

async function noProxyByName() {
  const up = await new Upstream().start();
  const proxy = await new Proxy().start(up);
  /* The loopback in a spelling that is nobody's special case. */
  const url = `http://[::ffff:127.0.0.1]:${up.port}`;
  if (!Object.values(os.networkInterfaces()).flat().some(a => a.family === 'IPv6')) return skip('no IPv6');
  for (const [NO_PROXY, through] of [['other.example', 1], ['*', 0]]) {
    proxy.seen = [];
    const driver = await Driver.start(url, '-', {}, { http_proxy: proxy.url, NO_PROXY });
    driver.append(log('x'));
    await driver.when(s => s.forwarded_requests === 1);
    assert.equal(proxy.seen.length, through);
    await driver.stop();
  }
}

/** Old connections are not used again, so that a change in DNS is noticed. */
async function connectionAge() {
  /* Slow answers: the age is reached before a gRPC connection has had its share of requests. */
  const slowly = f => setTimeout(f, 50);
  const http = await new Upstream((q, r) => slowly(() => r.end())).start();
  const grpcUp = await new GrpcUpstream((q, stream) => slowly(() => GrpcUpstream.reply(stream))).start();
  for (const [up, settings, frame] of [[http, {}, log], [grpcUp, GRPC, grpc]]) {
    const driver = await Driver.start(up.url, '-', { ...settings, connection_age_ms: 1000 });
    let n = 0;
    const until = performance.now() + 30000;
    while (up.connections < 2 && performance.now() < until) {
      driver.append(frame('x'));
      n++;
      await driver.when(s => s.forwarded_requests === n);
    }
    assert.equal(up.connections, 2);
    assert.ok(n > 1 && n < 150, `${n} requests`);
    assert.equal((await driver.ask()).retries, 0);
    await driver.stop();
  }
}

async function ourselves() {
  const own = ['127.0.0.1:4318', '[::1]:4317'];
  for (const url of ['http://127.0.0.1:4318', 'http://localhost:4318/', 'https://localhost.:4318/x', 'http://0.0.0.0:4318', 'http://[::]:4317', 'http://0x7f.1:4318'])
    assert.match(await refusal(url, { own }), /is claude-top itself, which listens on .*: give the address of the collector behind it/, url);
  assert.match(await refusal('http://127.0.0.1:4318', { own, ...GRPC }), /is claude-top itself/);
  for (const url of ['http://127.0.0.1:4319', 'http://collector.example:4318']) {
    const driver = await Driver.start(url, '-', { own });
    await driver.stop();
  }
}

/** A name that is not ours as it stands, but leads to us: seen when the connection is made. Nothing is lost by it. */
async function leadsToOurselves() {
  const up = await new Upstream().start(), g = await new GrpcUpstream().start();
  const said = /^the name leads to claude-top itself, at .+:\d+, retrying in/;
  const mapped = server => server.url.replace('127.0.0.1', '[::ffff:127.0.0.1]');
  for (const [server, settings, f] of [[up, {}, log], [g, GRPC, grpc]]) {
    let driver = await Driver.start(mapped(server), '-', { ...settings, own: ['127.0.0.1:1', `127.0.0.1:${server.port}`] });
    driver.append(f('x'));
    const s = await driver.when(stats => stats.retries >= 5);
    assert.match(s.last_error, said);
    assert.deepEqual([s.queued_requests, s.rejected, server.connections], [1, 0, 0]);
    await driver.stop();
    driver = await Driver.start(mapped(server), '-', { ...settings, own: ['127.0.0.1:1', `127.0.0.2:${server.port}`, `[::1]:${server.port}`] });
    driver.append(f('x'));
    await driver.when(stats => stats.forwarded_requests === 1);
    await driver.stop();
  }
  /* By the name of this machine, wherever that leads. */
  const { address } = await dns.promises.lookup(os.hostname()).catch(() => ({}));
  if (!address) return skip('this machine does not know its own name');
  const driver = await Driver.start(`http://${os.hostname()}:4319`, '-', { own: [net.isIPv6(address) ? `[${address}]:4319` : `${address}:4319`] });
  driver.append(log('x'));
  const s = await driver.when(stats => stats.retries >= 1);
  assert.match(s.last_error, said);
  await driver.stop();
}

/** Two upstreams on one journal: the one that is away or hangs holds up the other in nothing. */
async function several() {
  const hang = await new Upstream(() => {}).start(), up = await new Upstream().start();
  const dir = temp();
  let driver = await Driver.start(hang.url, dir, { also: up.url });
  for (let i = 0; i < 50; i++) for (const f of [log, trace]) driver.append(f(`${i}`));
  let s = await driver.when(stats => stats.also?.forwarded_requests === 100 && hang.requests.length === 2);
  assert.deepEqual([s.forwarded_requests, s.queued_requests, s.also.queued_requests, s.also.health], [0, 100, 0, 'ok']);
  assert.deepEqual(up.bodies('/logs'), range(50, String));
  await driver.stop();
  /* Each has its own place: the one goes on where the other has long been. */
  await hang.stop();
  const gone = `http://127.0.0.1:${await heldPort()}`;
  const back = await new Upstream().start();
  driver = await Driver.start(back.url, dir, { also: gone });
  s = await driver.when(stats => stats.forwarded_requests === 100);
  driver.append(log('last'));
  s = await driver.when(stats => stats.forwarded_requests === 101 && stats.also.health === 'retrying');
  assert.deepEqual([s.queued_requests, s.also.queued_requests, s.also.forwarded_requests], [0, 1, 0]);
  assert.deepEqual(back.bodies('/logs'), [...range(50, String), 'last']);
  assert.equal(up.requests.length, 100);
  await driver.stop();
}

await run([
  ['https with a CA of one\'s own', tlsHttp],
  ['gRPC over https', tlsGrpc],
  ['gRPC to an https upstream without HTTP/2', tlsWithoutHttp2],
  ['client certificates', clientCertificate],
  ['headers of the user\'s, in place of the sender\'s', addedHeaders],
  ['a proxy forwards HTTP', proxied],
  ['a proxy tunnels gRPC', tunnelled],
  ['a proxy tunnels https', tunnelledTls],
  ['no proxy for the loopback', noProxyForLoopback],
  ['NO_PROXY', noProxyByName],
  ['connections grow old', connectionAge],
  ['an upstream that is ourselves is refused', ourselves],
  ['a name that leads to ourselves is not connected to', leadsToOurselves],
  ['rule 17: several upstreams, each in its own time and place', several],
]);
