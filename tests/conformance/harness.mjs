// harness.mjs - claude-top between other people's programs: the server, the sink behind it, where the clients come from.
//
// Clients are installed with the ordinary package clients into ${XDG_CACHE_HOME:-~/.cache}/claude-top-conformance, once
// for each set of versions. What cannot be installed in time is skipped, with the reason. Clients in Go take minutes to
// build: that happens only with CT_CONFORMANCE=full; afterwards they run always.
import crypto from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { assert, readLines, request, root, skip, until } from '../tools/tap.mjs';
import { freePort } from './free_port.mjs';

export const program = process.argv[2];
export const here = path.join(root, 'tests/conformance');
const cache = path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'claude-top-conformance');
const full = process.env.CT_CONFORMANCE === 'full';
/* Well below the timeouts of the tests. */
const INSTALL_MS = 150_000, BUILD_MS = 900_000;

function execute(command, args, options, ms) {
  return new Promise(resolve => {
    const p = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let said = '', late = false;
    const keep = d => { said = (said + d).slice(-2000); };
    p.stdout.on('data', keep); p.stderr.on('data', keep);
    /* The package clients start others: the whole group goes. */
    const timer = setTimeout(() => { late = true; said += `\ntook longer than ${Math.round(ms / 1000)} s`; process.kill(-p.pid, 'SIGKILL'); }, ms);
    p.on('error', e => { clearTimeout(timer); resolve({ code: -1, said: e.message }); });
    p.on('close', code => { clearTimeout(timer); resolve({ code, said, late }); });
  });
}

/** A folder of the cache, made by steps where it is not there: [command, args] pairs that run in it. Two runs at a time
 * make two, and the first one ready stays. files: source => name, copied into it first, and part of what it is made of. */
async function made(kind, files, steps, ms, env = {}) {
  const hash = crypto.createHash('sha256').update(JSON.stringify(steps));
  for (const source of Object.keys(files)) hash.update(fs.readFileSync(source));
  const folder = path.join(cache, `${kind}-${hash.digest('hex').slice(0, 16)}`);
  if (fs.existsSync(folder)) return folder;
  if (ms === BUILD_MS && !full) skip('not built; CT_CONFORMANCE=full builds it');
  let temp;
  try {
    fs.mkdirSync(cache, { recursive: true });
    temp = fs.mkdtempSync(path.join(cache, '.making-'));
    for (const [source, name] of Object.entries(files)) fs.copyFileSync(source, path.join(temp, name));
    const end = Date.now() + ms;
    for (const [command, args] of steps) {
      const r = await execute(command, args, { cwd: temp, env: { ...process.env, ...env, HERE: temp } }, Math.max(1, end - Date.now()));
      const lines = r.said.trim().split('\n');
      if (r.code !== 0) skip(`cannot be installed: ${command}: ${r.late ? lines.at(-1) : lines.find(l => /error/i.test(l)) ?? lines.at(-1)}`);
    }
    try { fs.renameSync(temp, folder); } catch (e) { if (!fs.existsSync(folder)) throw e; }
    return folder;
  } catch (e) {
    if (e.code) skip(`cannot be installed: ${e.message}`);
    throw e;
  } finally {
    if (temp) fs.rmSync(temp, { recursive: true, force: true });
  }
}

const once = fn => { let p; return () => (p ??= fn()); };

/** The folder with node_modules. */
export const javascript = once(() => made('js',
  { [path.join(here, 'js/package.json')]: 'package.json', [path.join(here, 'js/package-lock.json')]: 'package-lock.json' },
  [['npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']]], INSTALL_MS));

/** The interpreter of a virtual environment. */
export const python = once(async () => path.join(await made('python',
  { [path.join(here, 'requirements.txt')]: 'requirements.txt' },
  [['python3', ['-m', 'venv', '.']],
    ['bin/python', ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--only-binary', ':all:', '-r', 'requirements.txt']]],
  INSTALL_MS), 'bin/python'));

const MAVEN_COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';
/** The class path of the client in Java, compiled. */
export const java = once(async () => {
  const folder = await made('java',
    { [path.join(here, 'java/pom.xml')]: 'pom.xml', [path.join(here, 'java/OtelClient.java')]: 'OtelClient.java' },
    [['mvn', ['-q', '-B', MAVEN_COPY, '-DoutputDirectory=lib']], ['javac', ['-cp', 'lib/*', '-d', 'classes', 'OtelClient.java']]], INSTALL_MS);
  return `${path.join(folder, 'lib')}/*:${path.join(folder, 'classes')}`;
});

const go = (kind, files, steps) => made(kind, files, steps, BUILD_MS, { CGO_ENABLED: '0' });
const TELEMETRYGEN = 'github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen@v0.161.0';
const BUILDER = 'go.opentelemetry.io/collector/cmd/builder@v0.160.0';
const goInstall = what => ['sh', ['-c', `GOBIN=$HERE go install ${what}`]];

export const telemetrygen = once(async () => path.join(await go('telemetrygen', {}, [goInstall(TELEMETRYGEN)]), 'telemetrygen'));
export const collector = once(async () => path.join(await go('collector', { [path.join(here, 'collector.yaml')]: 'collector.yaml' },
  [goInstall(BUILDER), ['./builder', ['--config', 'collector.yaml', '--skip-strict-versioning']]]), 'collector'));

const PLAYWRIGHT = 'playwright-core@1.65.1';
/** Playwright, which drives the system's Chromium. */
export const playwright = once(async () => createRequire(path.join(await made('playwright', {},
  [['npm', ['install', '--prefix', '.', '--ignore-scripts', '--no-audit', '--no-fund', PLAYWRIGHT]]], INSTALL_MS), 'package.json'))('playwright-core'));

/** A program that the system has or not, like curl. */
export async function installed(command, args = ['--version']) {
  const r = await execute(command, args, {}, 10_000);
  if (r.code !== 0) skip(`${command} is not installed`);
  return r.said;
}

export { freePort };

/** The sink, by default on free ports: records what reaches it over both transports. */
export async function sink(t, { http, grpc } = {}) {
  http ??= await freePort(); grpc ??= await freePort();
  const p = t.start('node', [path.join(root, 'tests/tools/otlp-sink.mjs'), '--http', String(http), '--grpc', String(grpc), '--out', t.path('sink')]);
  await until('the sink', () => p.out.includes('sink:') || p.over);
  assert.ok(!p.over, p.err);
  p.url = `http://127.0.0.1:${http}`; p.grpc = `http://127.0.0.1:${grpc}`;
  p.received = () => readLines(t.path('sink/received.jsonl'));
  p.body = r => fs.readFileSync(t.path('sink', String(r.n).padStart(6, '0')));
  p.stats = async () => JSON.parse((await request(`${p.url}/_stats`, { method: 'GET' })).body);
  p.mode = mode => request(`${p.url}/_mode`, { method: 'PUT', body: mode });
  return p;
}

/** claude-top serve, by default on free ports and forwarding to the sink up. */
export async function serve(t, up, { http = 0, grpc = 0, extra = [] } = {}) {
  const socket = t.path('s.sock');
  const p = t.start(program, ['serve', '--http', `127.0.0.1:${http}`, '--grpc', `127.0.0.1:${grpc}`, '--state-dir', t.path('state'),
    '--socket', socket, ...(up ? ['--upstream-http', up.url, '--upstream-grpc', up.grpc] : []),
    '--upstream-backoff-first', '20ms', '--upstream-backoff-max', '200ms', ...extra]);
  await until('the ready line', () => p.over || /^ready .*\n/m.test(p.out));
  const m = /^ready http=(\S*) grpc=(\S*) /m.exec(p.out);
  assert.ok(m, `no ready line: ${p.out}${p.err}`);
  p.http = m[1]; p.grpc = m[2];
  p.flow = async () => {
    const r = await t.run(program, ['status', '--json', '--socket', socket]);
    assert.equal(r.code, 0, r.err);
    return JSON.parse(r.out).flow;
  };
  p.when = condition => until(String(condition), async () => { const f = await p.flow(); return condition(f) && f; }, 60000);
  p.stop = async () => { p.kill('SIGTERM'); await p.ended; assert.equal(p.code, 0, `exit code ${p.code} ${p.signal} ${p.err}`); };
  return p;
}

/** Nothing was refused, exactly want ({ spans, logs, metric_points }) arrived, and all of it reached the sink unchanged in
 * size. Returns the flow. */
export async function assertFlow(s, up, want) {
  const flow = await s.when(f => f.received.requests > 0 && f.forwarded.requests === f.received.requests && f.queued.requests === 0);
  assert.deepEqual(flow.refused, {});
  assert.deepEqual([flow.decode_errors, flow.dropped, flow.upstream_rejected], [0, 0, 0]);
  const { spans, logs, metric_points } = flow.received;
  assert.deepEqual({ spans, logs, metric_points }, { spans: 0, logs: 0, metric_points: 0, ...want });
  const stats = await up.stats();
  assert.deepEqual([stats.received, stats.ok, stats.bytes], [flow.forwarded.requests, flow.forwarded.requests, flow.forwarded.bytes]);
  return flow;
}

export const env = { OTEL_SDK_DISABLED: 'false', NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' };
