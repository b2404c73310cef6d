// Who may send to the whole program, over what, and who may read what it keeps.
//
//   node safety.mjs CLAUDE_TOP
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import path from 'node:path';
import tls from 'node:tls';
import { spawnSync } from 'node:child_process';
import { assert, request, run, skip, test, until } from '../tools/tap.mjs';

const program = process.argv[2];
const TOKEN = '0123456789abcdef0123456789abcdef';
const json = { 'content-type': 'application/json' };
const bearer = { authorization: `Bearer ${TOKEN}` };
const LOGS = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const empty = Buffer.alloc(5); // an export request without anything, as a gRPC message

async function serve(t, extra = [], env = {}, { state = 'state', command = [program], addresses = ['127.0.0.1:0', '127.0.0.1:0'] } = {}) {
  const p = t.start(command[0], [...command.slice(1), 'serve', '--http', addresses[0], '--grpc', addresses[1], '--state-dir', t.path(state),
    '--socket', t.path('s.sock'), '--upstream-backoff-first', '20ms', '--upstream-backoff-max', '100ms', ...extra], env);
  await until('the ready line', () => p.over || /^ready .*\n/m.test(p.out));
  const m = /^ready http=(\S*) grpc=(\S*) socket=(\S*)$/m.exec(p.out);
  assert.ok(m, `no ready line: ${p.out}${p.err}`);
  p.http = m[1]; p.grpc = m[2]; p.socket = m[3];
  p.port = Number(/:(\d+)$/.exec(p.http)[1]);
  p.grpcPort = Number(/:(\d+)$/.exec(p.grpc)[1]);
  p.status = async () => JSON.parse((await request('http://x/status', { method: 'GET', socketPath: p.socket })).body);
  p.refused = async () => (await p.status()).flow.refused;
  p.stop = async () => { p.kill('SIGTERM'); await p.ended; assert.equal(p.code, 0, `exit code ${p.code} ${p.signal} ${p.err}`); };
  return p;
}

/** It has to end by itself, with that code and these words on stderr. */
async function refuses(t, code, words, args, env = {}) {
  const p = await t.run(program, ['serve', '--http', '127.0.0.1:0', '--grpc', '', '--state-dir', t.path('never'), '--socket', t.path('never.sock'), ...args], env);
  assert.equal(p.code, code, p.err);
  for (const w of words) assert.ok(p.err.includes(w), `"${w}" is not in: ${p.err}`);
  assert.ok(!p.err.includes(TOKEN), p.err);
  return p;
}

function writeToken(t, text = TOKEN + '\n', mode = 0o600) {
  fs.writeFileSync(t.path('token'), text);
  fs.chmodSync(t.path('token'), mode);
  return t.path('token');
}

const post = (s, url, headers = {}, body = '{}') => request(`http://127.0.0.1:${s.port}${url}`, { headers: { ...json, ...headers }, body });

/** One HTTP/2 request, gRPC or not: its headers, trailers and body. */
function h2(url, headers, body, options = {}) {
  return new Promise((resolve, reject) => {
    const session = http2.connect(url, options);
    session.on('error', reject);
    const s = session.request({ ':method': 'POST', ...headers });
    const r = { parts: [] };
    s.on('response', h => { r.headers = h; r.status = h[':status']; });
    s.on('trailers', h => { r.trailers = h; });
    s.on('data', d => r.parts.push(d));
    s.on('error', reject);
    s.on('close', () => { r.alpn = session.alpnProtocol; r.body = Buffer.concat(r.parts).toString(); r.grpc = (r.trailers ?? r.headers)?.['grpc-status']; session.close(); resolve(r); });
    s.end(body);
  });
}
const grpc = (url, headers = {}, options) => h2(url, { ':path': LOGS, 'content-type': 'application/grpc', te: 'trailers', ...headers }, empty, options);
const message = r => decodeURIComponent((r.trailers ?? r.headers)['grpc-message'] ?? '');

// ---------------------------------------------------------------------------------------------------- pages and names

test('what a web page causes is refused everywhere, and counted', async t => {
  const s = await serve(t);
  let n = 0;
  for (const mark of [{ origin: 'https://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-origin' }]) {
    for (const where of ['/v1/logs', '/v1/traces', '/hooks', '/']) {
      assert.equal((await post(s, where, mark)).status, 403, where); n++;
      assert.equal((await h2(`http://127.0.0.1:${s.port}`, { ':path': where, ...json, ...mark }, '{}')).status, 403, where); n++;
    }
    assert.equal((await grpc(`http://127.0.0.1:${s.grpcPort}`, mark)).grpc, '7'); n++;
    const flight = await request(`http://127.0.0.1:${s.port}/v1/logs`, { method: 'OPTIONS', headers: { ...mark, 'access-control-request-method': 'POST' } });
    assert.equal(flight.status, 403); n++;
    assert.ok(!Object.keys(flight.headers).some(h => h.startsWith('access-control')));
  }
  const { flow } = await s.status();
  assert.deepEqual(flow.refused, { origin: n });
  assert.equal(flow.received.requests, 0);
  await s.stop();
});

test('a name that leads here by DNS is refused everywhere, and counted', async t => {
  const s = await serve(t);
  let n = 0;
  for (const host of ['evil.example', `evil.example:${s.port}`, 'localhost.evil.example', '127.0.0.1.evil.example', '0.0.0.0', '[::2]']) {
    for (const where of ['/v1/logs', '/hooks', '/']) {
      assert.equal((await post(s, where, { host })).status, 403, host); n++;
      assert.equal((await h2(`http://127.0.0.1:${s.port}`, { ':path': where, ':authority': host, ...json }, '{}')).status, 403, host); n++;
    }
    const r = await grpc(`http://127.0.0.1:${s.grpcPort}`, { ':authority': host }); n++;
    assert.equal(r.grpc, '7');
    assert.match(message(r), /allowed_hosts/);
  }
  assert.deepEqual(await s.refused(), { host: n });
  for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1', '[::1]:4318', 'x.localhost', 'host.docker.internal:4318', 'host.containers.internal', 'gateway.docker.internal']) {
    assert.equal((await post(s, '/v1/logs', { host })).status, 200, host);
    assert.equal((await h2(`http://127.0.0.1:${s.port}`, { ':path': '/v1/logs', ':authority': host, ...json }, '{}')).status, 200, host);
    assert.equal((await grpc(`http://127.0.0.1:${s.grpcPort}`, { ':authority': host })).grpc, '0', host);
  }
  await s.stop();
});

test('allowed_hosts: by flag, variable and file', async t => {
  fs.writeFileSync(t.path('c.ini'), '[receiver]\nallowed_hosts = one.example; two.example\n');
  const by = { flag: [['--allowed-host', 'one.example', '--allowed-host', 'two.example'], {}], variable: [[], { CLAUDE_TOP_ALLOWED_HOST: 'one.example; two.example' }],
    file: [['--config', t.path('c.ini')], {}] };
  for (const [name, [flags, env]] of Object.entries(by)) {
    const s = await serve(t, flags, env);
    for (const host of ['one.example', 'TWO.example.:80']) assert.equal((await post(s, '/v1/logs', { host })).status, 200, `${name} ${host}`);
    assert.equal((await post(s, '/v1/logs', { host: 'three.example' })).status, 403, name);
    assert.equal((await post(s, '/v1/logs', { host: 'host.docker.internal' })).status, 403, name); // in place of the built-in ones
    await s.stop();
  }
  const s = await serve(t, ['--allowed-host', '*']);
  assert.equal((await post(s, '/v1/logs', { host: 'anything.example' })).status, 200);
  await s.stop();
  await refuses(t, 2, ['allowed_hosts', 'http://x'], ['--allowed-host', 'http://x']);
});

// -------------------------------------------------------------------------------------------------- beyond the loopback

test('beyond the loopback nothing listens unless senders have to say who they are, or it was asked for', async t => {
  for (const address of ['0.0.0.0:0', '[::]:0']) {
    const p = await refuses(t, 2, ['not on the loopback', '--token-file', '--tls-client-ca', '--allow-unauthenticated'], ['--http', address]);
    assert.equal(p.out, '');
    await refuses(t, 2, ['not on the loopback'], ['--grpc', address]);
  }
  assert.ok(!fs.existsSync(t.path('never.sock')));
  let s = await serve(t, ['--allow-unauthenticated'], {}, { addresses: ['0.0.0.0:0', '127.0.0.1:0'] });
  assert.match(s.err, /^listening on 0\.0\.0\.0:0 lets other machines send here: nothing asks them who they are\n$/);
  assert.equal((await post(s, '/v1/logs')).status, 200);
  assert.equal((await post(s, '/v1/logs', { host: 'evil.example' })).status, 403); // names are checked all the same
  await s.stop();
  s = await serve(t, ['--token-file', writeToken(t)], {}, { addresses: ['0.0.0.0:0', '0.0.0.0:0'] });
  assert.match(s.err, /^listening on 0\.0\.0\.0:0 without TLS[^\n]*\n$/); // once
  assert.equal((await post(s, '/v1/logs')).status, 401);
  assert.equal((await post(s, '/v1/logs', bearer)).status, 200);
  await s.stop();
});

// ------------------------------------------------------------------------------------------------------------- the token

test('with a token every request over TCP shows it: OTLP, hooks, gRPC; the Unix socket does not', async t => {
  const s = await serve(t, ['--token-file', writeToken(t)]);
  let n = 0;
  for (const headers of [{}, { authorization: 'Bearer wrong-wrong-wrong' }, { authorization: TOKEN }, { authorization: `Basic ${TOKEN}` }]) {
    for (const where of ['/v1/logs', '/v1/traces', '/v1/metrics', '/hooks', '/']) {
      const r = await post(s, where, headers); n++;
      assert.equal(r.status, 401, where);
      assert.equal(r.headers['www-authenticate'], 'Bearer');
      assert.equal(JSON.parse(r.body).code, 16);
      assert.ok(!r.body.includes(TOKEN));
      const r2 = await h2(`http://127.0.0.1:${s.port}`, { ':path': where, ...json, ...headers }, '{}'); n++;
      assert.deepEqual([r2.status, r2.headers['www-authenticate']], [401, 'Bearer']);
    }
    const g = await grpc(`http://127.0.0.1:${s.grpcPort}`, headers); n++;
    assert.equal(g.grpc, '16');
    assert.match(message(g), /asks for a token/);
  }
  assert.deepEqual(await s.refused(), { unauthorized: n });
  assert.equal((await post(s, '/v1/logs', bearer)).status, 200);
  assert.equal((await post(s, '/hooks', bearer, '{"hook_event_name":"Stop","session_id":"a"}')).status, 200);
  assert.equal((await grpc(`http://127.0.0.1:${s.grpcPort}`, bearer)).grpc, '0');
  const hook = await request('http://x/hooks', { socketPath: s.socket, headers: json, body: '{"hook_event_name":"Stop","session_id":"a"}' });
  assert.equal(hook.status, 200);
  const { flow } = await s.status();
  assert.deepEqual([flow.received.requests, flow.received.hooks], [4, 2]);
  await s.stop();
});

test('the token: by variable and file; the loopback may be left open', async t => {
  fs.writeFileSync(t.path('c.ini'), `[receiver]\ntoken = ${TOKEN}\n`);
  for (const [flags, env] of [[[], { CLAUDE_TOP_TOKEN: TOKEN }], [['--config', t.path('c.ini')], {}], [[], { CLAUDE_TOP_TOKEN_FILE: writeToken(t, `\n  ${TOKEN} \r\n\n`) }]]) {
    const s = await serve(t, flags, env);
    assert.equal((await post(s, '/v1/logs')).status, 401);
    assert.equal((await post(s, '/v1/logs', bearer)).status, 200);
    await s.stop();
  }
  const s = await serve(t, ['--token-file', t.path('token'), '--no-token-on-loopback']);
  assert.equal((await post(s, '/v1/logs')).status, 200);
  await s.stop();
});

test('a token that will not do is refused at the start, and never shown', async t => {
  await refuses(t, 2, ['--token is not taken here', '--token-file FILE'], ['--token', TOKEN]);
  await refuses(t, 3, ['cannot read the token', 'No such file'], ['--token-file', t.path('none')]);
  await refuses(t, 2, ['is empty', 'openssl rand'], ['--token-file', writeToken(t, '\n')]);
  await refuses(t, 2, ['characters'], ['--token-file', writeToken(t, 'short')]);
  await refuses(t, 2, ['a token may have'], ['--token-file', writeToken(t, `${TOKEN} ${TOKEN}`)]);
  await refuses(t, 2, ['more than a token'], ['--token-file', writeToken(t, 'x'.repeat(5000))]);
  await refuses(t, 2, ['both set'], ['--token-file', writeToken(t)], { CLAUDE_TOP_TOKEN: TOKEN });
  const s = await serve(t, ['--token-file', writeToken(t, TOKEN, 0o644)]);
  assert.match(s.err, /others can read the token's file/);
  await s.stop();
  const p = await t.run(program, ['--print-config'], { CLAUDE_TOP_TOKEN: TOKEN, CLAUDE_TOP_UPSTREAM_HEADER: `Authorization: Bearer ${TOKEN}; X-A: ${TOKEN}` });
  assert.equal(p.code, 0);
  assert.ok(!p.out.includes(TOKEN));
  assert.match(p.out, /^; token = \*\*\* /m);
  assert.match(p.out, /^; headers = Authorization: \*\*\*; X-A: \*\*\* /m);
});

/** An upstream that keeps the headers of what it gets. */
async function upstream(t) {
  const seen = [];
  const server = http.createServer((req, res) => { seen.push(req.headers); req.resume(); req.on('end', () => res.writeHead(200, { 'content-type': 'application/json' }).end('{}')); });
  await new Promise(f => server.listen(0, '127.0.0.1', f));
  return { url: `http://127.0.0.1:${server.address().port}`, seen, close: () => new Promise(f => { server.closeAllConnections(); server.close(f); }) };
}

const everything = dir => fs.readdirSync(dir).map(f => fs.readFileSync(path.join(dir, f), 'latin1')).join('');

test('our token is neither kept nor forwarded; other Authorization headers are', async t => {
  const up = await upstream(t);
  try {
    let s = await serve(t, ['--upstream-http', up.url, '--token-file', writeToken(t)], {}, { state: 'one' });
    await post(s, '/v1/logs', { ...bearer, 'x-mark': 'first' });
    await grpc(`http://127.0.0.1:${s.grpcPort}`, { ...bearer, 'x-mark': 'second' });
    await post(s, '/hooks', bearer, '{"hook_event_name":"Stop","session_id":"a"}');
    await until('the upstream', () => up.seen.length === 2);
    assert.deepEqual(up.seen.map(h => [h['x-mark'], h.authorization]), [['first', undefined], ['second', undefined]]);
    await s.stop();
    const kept = everything(t.path('one'));
    assert.ok(kept.includes('x-mark'));
    assert.ok(!kept.includes(TOKEN));
    s = await serve(t, ['--upstream-http', up.url], {}, { state: 'two' });
    await post(s, '/v1/logs', bearer);
    await until('the upstream', () => up.seen.length === 3);
    assert.equal(up.seen[2].authorization, bearer.authorization);
    await s.stop();
    s = await serve(t, ['--upstream-http', up.url, '--token-file', t.path('token'), '--upstream-header', 'Authorization: Basic theirs'], {}, { state: 'three' });
    await post(s, '/v1/logs', bearer);
    await until('the upstream', () => up.seen.length === 4);
    assert.equal(up.seen[3].authorization, 'Basic theirs');
    await s.stop();
  } finally { await up.close(); }
});

test('setup prints the token where Claude Code needs it, and nothing of it without one', async t => {
  writeToken(t, 'a+b/c=-._~0123456789\n');
  let p = await t.run(program, ['setup', '--print-env', '--token-file', t.path('token')]);
  assert.match(p.out, /^export OTEL_EXPORTER_OTLP_HEADERS='Authorization=Bearer a\+b\/c=-\._~0123456789'$/m);
  const shell = await t.run('sh', ['-c', 'eval "$1"; printf %s "$OTEL_EXPORTER_OTLP_HEADERS"', 'sh', p.out]);
  /* As it stands (Claude Code over HTTP) and decoded (over gRPC, and other SDKs) it is the same. */
  assert.equal(shell.out, 'Authorization=Bearer a+b/c=-._~0123456789');
  assert.equal(decodeURIComponent(shell.out), shell.out);
  p = await t.run(program, ['setup', '--print-json', '--token-file', t.path('token'), '--tls-cert', '/x.pem', '--tls-client-ca', '/y.pem']);
  const settings = JSON.parse(p.out);
  assert.equal(settings.env.OTEL_EXPORTER_OTLP_ENDPOINT, 'https://localhost:4318'); // a name: certificates have those, and gRPC wants one
  for (const [event, [matcher]] of Object.entries(settings.hooks).filter(([, [m]]) => m.hooks[0].type === 'http'))
    assert.deepEqual([matcher.hooks[0].url, matcher.hooks[0].headers], ['https://localhost:4318/hooks', { Authorization: 'Bearer a+b/c=-._~0123456789' }], event);
  assert.match(p.err, /NODE_EXTRA_CA_CERTS/);
  assert.match(p.err, /CLAUDE_CODE_CLIENT_CERT/);
  p = await t.run(program, ['setup', '--print-json']);
  assert.ok(!/HEADERS|headers|https/.test(p.out));
  p = await t.run(program, ['setup', '--token-file', t.path('none')]);
  assert.deepEqual([p.code, p.out], [3, '']);
});

// -------------------------------------------------------------------------------------------------------------------- TLS

/** A CA with a server's and a client's certificate, and a stranger's. */
function certificates(t) {
  const openssl = (...args) => {
    const r = spawnSync('openssl', args, { encoding: 'utf8', cwd: t.path('.') });
    if (r.error) skip('openssl is not here');
    assert.equal(r.status, 0, r.stderr);
  };
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const self = (name, cn) => openssl('req', '-x509', ...ec, '-keyout', `${name}.key`, '-out', `${name}.pem`, '-days', '2', '-subj', `/CN=${cn}`);
  self('ca', 'test CA'); self('stranger', 'stranger');
  fs.writeFileSync(t.path('san'), 'subjectAltName=DNS:localhost,IP:127.0.0.1,DNS:top.example');
  for (const name of ['server', 'client']) {
    openssl('req', '-new', ...ec, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    openssl('x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-out', `${name}.pem`, '-days', '2', '-extfile', 'san');
  }
  const read = f => fs.readFileSync(t.path(f));
  return { flags: ['--tls-cert', t.path('server.pem'), '--tls-key', t.path('server.key')], ca: read('ca.pem'),
    client: { cert: read('client.pem'), key: read('client.key') }, stranger: { cert: read('stranger.pem'), key: read('stranger.key') } };
}

/** One HTTPS request over HTTP/1.1; resolves to status, body and what was negotiated. */
function secure(s, { headers = {}, body = '{}', ...options } = {}) {
  return new Promise((resolve, reject) => {
    const r = https.request({ host: '127.0.0.1', port: s.port, path: '/v1/logs', method: 'POST', headers: { ...json, ...headers }, agent: false, ...options }, res => {
      const parts = [];
      const socket = res.socket;
      res.on('data', d => parts.push(d));
      res.on('end', () => resolve({ status: res.statusCode, body: Buffer.concat(parts).toString(), protocol: socket.getProtocol(), alpn: socket.alpnProtocol }));
    });
    r.on('error', reject);
    r.end(body);
  });
}

test('TLS: HTTP/1.1, HTTP/2 by ALPN and gRPC, on both ports, with the token and the names of every day', async t => {
  const c = certificates(t);
  const s = await serve(t, [...c.flags, '--token-file', writeToken(t), '--allowed-host', 'top.example']);
  for (const port of [s.port, s.grpcPort]) {
    for (const version of ['TLSv1.2', 'TLSv1.3']) {
      const only = { ca: c.ca, minVersion: version, maxVersion: version };
      let r = await secure({ port }, { ...only, headers: bearer });
      assert.deepEqual([r.status, r.protocol], [200, version]);
      r = await secure({ port }, only);
      assert.equal(r.status, 401);
      r = await h2(`https://127.0.0.1:${port}`, { ':path': '/v1/logs', ...json, ...bearer }, '{}', only);
      assert.deepEqual([r.status, r.alpn], [200, 'h2']);
      r = await grpc(`https://127.0.0.1:${port}`, bearer, only);
      assert.equal(r.grpc, '0');
      r = await grpc(`https://127.0.0.1:${port}`, {}, only);
      assert.equal(r.grpc, '16');
    }
  }
  assert.equal((await secure(s, { ca: c.ca, headers: { ...bearer, host: 'top.example' } })).status, 200);
  assert.equal((await secure(s, { ca: c.ca, servername: 'localhost', headers: { ...bearer, host: 'evil.example' } })).status, 403);
  assert.equal((await secure(s, { ca: c.ca, headers: { ...bearer, origin: 'https://x' } })).status, 403);
  const large = JSON.stringify({ resourceLogs: [], pad: 'x'.repeat(3_000_000) });
  assert.equal((await secure(s, { ca: c.ca, headers: bearer, body: large })).status, 200);
  await s.stop();
});

test('TLS: clients who distrust us, speak something old or something else are counted', async t => {
  const c = certificates(t);
  const s = await serve(t, c.flags);
  await assert.rejects(secure(s, {}), /self-signed|unable to verify|certificate/i);
  await assert.rejects(secure(s, { ca: c.ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }));
  await assert.rejects(new Promise((f, e) => tls.connect({ host: '127.0.0.1', port: s.port, ca: c.ca, ALPNProtocols: ['spdy/3'] }, f).on('error', e)), /no application protocol|handshake/i);
  await until('the counter', async () => (await s.refused()).tls === 3);
  const plain = await post(s, '/v1/logs');
  assert.equal(plain.status, 400);
  assert.match(plain.body.toString(), /https:\/\//);
  const g = await grpc(`http://127.0.0.1:${s.grpcPort}`);
  assert.equal(g.grpc, '3');
  assert.match(message(g), /this port speaks TLS/);
  assert.deepEqual(await s.refused(), { tls: 5 });
  assert.equal((await secure(s, { ca: c.ca })).status, 200);
  await s.stop();
});

test('TLS: client certificates, which also allow other machines', async t => {
  const c = certificates(t);
  const s = await serve(t, [...c.flags, '--tls-client-ca', t.path('ca.pem')], {}, { addresses: ['0.0.0.0:0', '127.0.0.1:0'] });
  assert.equal(s.err, '');
  assert.equal((await secure(s, { ca: c.ca, ...c.client })).status, 200);
  assert.equal((await grpc(`https://127.0.0.1:${s.grpcPort}`, {}, { ca: c.ca, ...c.client })).grpc, '0');
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
    await assert.rejects(secure(s, { ca: c.ca, maxVersion }), /certificate|alert|ECONNRESET|socket hang up/i);
    await assert.rejects(secure(s, { ca: c.ca, maxVersion, ...c.stranger }), /unknown ca|alert|ECONNRESET|socket hang up/i);
  }
  await until('the counter', async () => (await s.refused()).tls === 4);
  assert.equal((await s.status()).flow.received.requests, 2);
  await s.stop();
});

test('TLS: files that will not do end the start with words; an expired certificate is warned of', async t => {
  const c = certificates(t);
  const [, cert, , key] = c.flags;
  await refuses(t, 3, ['tls_cert', 'No such file'], ['--tls-cert', t.path('none.pem'), '--tls-key', key]);
  await refuses(t, 3, ['tls_key', 'No such file'], ['--tls-cert', cert, '--tls-key', t.path('none.key')]);
  await refuses(t, 2, ['does not belong'], ['--tls-cert', cert, '--tls-key', t.path('client.key')]);
  await refuses(t, 2, ['tls_cert, too'], ['--tls-key', key]);
  await refuses(t, 1, ['no key in'], ['--tls-cert', cert]);
  fs.writeFileSync(t.path('index'), ''); fs.writeFileSync(t.path('serial'), '01\n');
  fs.writeFileSync(t.path('ca.cnf'), '[ca]\ndefault_ca=d\n[d]\ndatabase=index\nserial=serial\nnew_certs_dir=.\npolicy=p\ndefault_md=sha256\n[p]\ncommonName=supplied\n');
  const old = spawnSync('openssl', ['ca', '-batch', '-config', 'ca.cnf', '-in', 'server.csr', '-cert', 'ca.pem', '-keyfile', 'ca.key', '-out', 'old.pem',
    '-startdate', '20200101000000Z', '-enddate', '20200102000000Z', '-notext'], { cwd: t.path('.'), encoding: 'utf8' });
  assert.equal(old.status, 0, old.stderr);
  const s = await serve(t, ['--tls-cert', t.path('old.pem'), '--tls-key', key]);
  assert.match(s.err, /old\.pem has expired/);
  await s.stop();
});

// ------------------------------------------------------------------------------------------------- the user's alone

function modes(dir) {
  const out = { '.': fs.statSync(dir).mode & 0o7777 };
  for (const f of fs.readdirSync(dir)) out[f] = fs.statSync(path.join(dir, f)).mode & 0o7777;
  return out;
}

async function traffic(t, umask, state, more = []) {
  const up = await upstream(t);
  try {
    const s = await serve(t, ['--upstream-http', up.url, '--journal-segment-bytes', '64KiB', ...more], {},
      { state, command: ['sh', '-c', `umask ${umask}; exec "$@"`, 'sh', program] });
    const body = JSON.stringify({ resourceLogs: [], pad: 'x'.repeat(40_000) });
    for (let i = 0; i < 5; i++) assert.equal((await post(s, '/v1/logs', {}, body)).status, 200);
    await until('the cursor', async () => (await s.status()).flow.forwarded.requests === 5);
    assert.equal(fs.statSync(s.socket).mode & 0o7777, 0o600);
    await s.stop();
    return s;
  } finally { await up.close(); }
}

test('socket, state folder, segments and cursors are the user\'s alone, whatever the umask', async t => {
  for (const umask of ['000', '022', '077']) {
    await traffic(t, umask, `made/by/${umask}`);
    const found = modes(t.path('made/by', umask));
    assert.ok(Object.keys(found).length > 4, JSON.stringify(found)); // segments, the lock, cursors
    for (const [name, mode] of Object.entries(found)) assert.equal(mode, name === '.' ? 0o700 : 0o600, `${name} under umask ${umask}`);
    assert.equal(fs.statSync(t.path('made')).mode & 0o7777, 0o700);
  }
});

test('a state folder that others can read is made private, with its files; one that they can write in is refused', async t => {
  await traffic(t, '000', 'lax');
  fs.chmodSync(t.path('lax'), 0o755);
  for (const f of fs.readdirSync(t.path('lax'))) fs.chmodSync(t.path('lax', f), 0o644);
  const s = await traffic(t, '000', 'lax');
  assert.match(s.err, /others could read the folder .*lax: it is private now/);
  for (const [name, mode] of Object.entries(modes(t.path('lax')))) assert.equal(mode, name === '.' ? 0o700 : 0o600, name);
  for (const mode of [0o777, 0o770, 0o722]) {
    fs.chmodSync(t.path('lax'), mode);
    await refuses(t, 1, ['others can write in the folder', 'chmod go-w'], ['--state-dir', t.path('lax')]);
    assert.equal(fs.statSync(t.path('lax')).mode & 0o7777, mode); // left as it is: a person has to look
  }
});

await run();
