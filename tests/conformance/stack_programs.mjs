// stack_programs.mjs - what stands behind claude-top: Tempo, Loki, Prometheus and Alloy as they are installed, on free ports of
// the loopback, with Alloy's configuration of alloy/, or without Alloy.
import fs from 'node:fs';
import path from 'node:path';
import { execFileSync, spawn } from 'node:child_process';
import { request, root, until } from '../tools/tap.mjs';
import { freePort } from './free_port.mjs';

export const PROGRAMS = ['tempo', 'loki', 'prometheus', 'alloy'];
/* A machine that builds at the same time needs minutes to start all of them. */
const READY_MS = 240_000;

/** Which of them is not in PATH, or none. */
export function missing(programs = PROGRAMS) {
  return programs.find(p => {
    try { execFileSync('sh', ['-c', `command -v ${p}`], { stdio: 'ignore' }); return false; } catch { return true; }
  });
}

/* Without Alloy the span metrics are Tempo's own, under its names. */
const generator = (p, dir) => `
metrics_generator:
  registry: { collection_interval: 3s }
  storage: { path: ${dir}/tempo/generator, remote_write: [{ url: "http://127.0.0.1:${p.prometheus}/api/v1/write", send_exemplars: true }] }
  processor: { span_metrics: { intrinsic_dimensions: { span_name: false }, dimensions: [gen_ai.request.model, gen_ai.tool.name, openinference.span.kind, span.type, error.type] } }
overrides: { defaults: { metrics_generator: { processors: [span-metrics], trace_id_label_name: trace_id } } }
`;

const tempoConfig = (p, dir) => `
server: { http_listen_address: 127.0.0.1, http_listen_port: ${p.tempo}, grpc_listen_address: 127.0.0.1, grpc_listen_port: ${p.tempoGrpc} }
distributor: { receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:${p.tempoOtlp}" } } } } }
memberlist: { bind_addr: [127.0.0.1], bind_port: ${p.tempoGossip} }
querier: { frontend_worker: { frontend_address: "127.0.0.1:${p.tempoGrpc}" } }
storage: { trace: { backend: local, wal: { path: ${dir}/tempo/wal }, local: { path: ${dir}/tempo/blocks } } }
usage_report: { reporting_enabled: false }
`;

const lokiConfig = (p, dir) => `
auth_enabled: false
analytics: { reporting_enabled: false }
server: { http_listen_address: 127.0.0.1, http_listen_port: ${p.loki}, grpc_listen_address: 127.0.0.1, grpc_listen_port: ${p.lokiGrpc} }
common:
  instance_addr: 127.0.0.1
  path_prefix: ${dir}/loki
  replication_factor: 1
  storage: { filesystem: { chunks_directory: ${dir}/loki/chunks, rules_directory: ${dir}/loki/rules } }
  ring: { kvstore: { store: inmemory } }
memberlist: { bind_addr: [127.0.0.1], bind_port: ${p.lokiGossip} }
schema_config:
  configs: [{ from: 2020-10-24, store: tsdb, object_store: filesystem, schema: v13, index: { prefix: index_, period: 24h } }]
ingester: { lifecycler: { min_ready_duration: 0s } }
frontend: { address: 127.0.0.1 }
`;

const PORTS = ['tempo', 'tempoGrpc', 'tempoOtlp', 'tempoGossip', 'loki', 'lokiGrpc', 'lokiGossip', 'prometheus', 'alloy', 'alloyHttp', 'alloyGrpc'];

/** Ports for all of it; some may be given: { alloyHttp: 14318, … }. */
export async function choosePorts(given = {}) {
  const p = { ...given };
  for (const name of PORTS) p[name] ??= await freePort();
  return p;
}

/** config.ini for a claude-top that sends to the stores itself. */
export const direct = p => `
[upstream tempo]
http = http://127.0.0.1:${p.tempoOtlp}
signals = traces
[upstream prometheus]
http = http://127.0.0.1:${p.prometheus}/api/v1/otlp
signals = metrics
${missing(['loki']) ? '' : `[upstream loki]
http = http://127.0.0.1:${p.loki}/otlp
signals = logs
`}`;

/** Starts all of it in dir, on the ports p, with the folder of alloy/ that configuration names; "direct": without Alloy, and
 * without Loki where there is none. Resolves when all are ready to { tempo, loki, prometheus: URLs, alloy: { http, grpc },
 * spanMetrics: { calls, duration }, processes }. */
export async function startStack(dir, configuration, p) {
  const alone = configuration === 'direct', loki = !alone || !missing(['loki']);
  fs.writeFileSync(path.join(dir, 'tempo.yaml'), tempoConfig(p, dir) + (alone ? generator(p, dir) : ''));
  fs.writeFileSync(path.join(dir, 'loki.yaml'), lokiConfig(p, dir));
  fs.writeFileSync(path.join(dir, 'prometheus.yaml'), 'storage: { tsdb: { out_of_order_time_window: 10m } }\n');
  const processes = [];
  const start = (name, args, env = {}) => {
    const log = fs.openSync(path.join(dir, `${name}.log`), 'w');
    const child = spawn(name, args, { cwd: dir, env: { ...process.env, ...env }, stdio: ['ignore', log, log] });
    fs.closeSync(log);
    child.on('exit', () => { child.over = true; });
    child.named = name;
    processes.push(child);
  };
  start('tempo', [`-config.file=${dir}/tempo.yaml`]);
  if (loki) start('loki', [`-config.file=${dir}/loki.yaml`]);
  start('prometheus', [`--config.file=${dir}/prometheus.yaml`, `--storage.tsdb.path=${dir}/prometheus`, `--web.listen-address=127.0.0.1:${p.prometheus}`,
    '--web.enable-remote-write-receiver', ...(alone ? ['--web.enable-otlp-receiver', '--enable-feature=exemplar-storage,otlp-deltatocumulative'] : ['--enable-feature=exemplar-storage'])]);
  if (!alone) start('alloy', ['run', '--disable-reporting', `--storage.path=${dir}/alloy`, `--server.http.listen-addr=127.0.0.1:${p.alloy}`,
    `--stability.level=${configuration === 'config' ? 'generally-available' : 'experimental'}`, path.join(root, 'alloy', configuration)], {
    ALLOY_OTLP_GRPC: `127.0.0.1:${p.alloyGrpc}`, ALLOY_OTLP_HTTP: `127.0.0.1:${p.alloyHttp}`, TEMPO_OTLP_URL: `http://127.0.0.1:${p.tempoOtlp}`,
    LOKI_OTLP_URL: `http://127.0.0.1:${p.loki}/otlp`, MIMIR_WRITE_URL: `http://127.0.0.1:${p.prometheus}/api/v1/write`, SPAN_METRICS_INTERVAL: '3s' });
  const stack = { tempo: `http://127.0.0.1:${p.tempo}`, loki: loki ? `http://127.0.0.1:${p.loki}` : undefined, prometheus: `http://127.0.0.1:${p.prometheus}`,
    alloy: { http: `http://127.0.0.1:${p.alloyHttp}`, grpc: `http://127.0.0.1:${p.alloyGrpc}` }, processes,
    spanMetrics: alone ? { calls: 'traces_spanmetrics_calls_total', duration: 'traces_spanmetrics_latency_bucket' }
      : { calls: 'traces_span_metrics_calls_total', duration: 'traces_span_metrics_duration_seconds_bucket' } };
  try {
    for (const [name, url] of [['tempo', `${stack.tempo}/ready`], ['loki', `${stack.loki}/ready`], ['prometheus', `${stack.prometheus}/-/ready`],
      ['alloy', `http://127.0.0.1:${p.alloy}/-/ready`]]) {
      await until(`${name} to be ready`, async () => {
        const child = processes.find(c => c.named === name);
        if (!child) return true;
        if (child.over) throw new Error(`${name} ended: ${fs.readFileSync(path.join(dir, `${name}.log`), 'utf8').slice(-1500)}`);
        return (await request(url, { method: 'GET' }).catch(() => ({}))).status === 200;
      }, READY_MS);
    }
  } catch (e) { stopStack(stack); throw e; }
  return stack;
}

export function stopStack(stack) {
  for (const child of stack.processes) if (!child.over) child.kill('SIGKILL');
}
