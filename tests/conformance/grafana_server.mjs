// grafana_server.mjs - the Grafana that is installed, provisioned from alloy/grafana, in front of a stack of stack_programs.mjs.
//
// It is the grafana in PATH, with its folder around it (conf, public). Everything is asked below a sub-path, as a Grafana behind
// a proxy has one: what forgets the sub-path is found here.
import fs from 'node:fs';
import path from 'node:path';
import { execFileSync, spawn } from 'node:child_process';
import { assert, request, root, until } from '../tools/tap.mjs';
import { freePort } from './free_port.mjs';

/* The first start makes the database: a minute on a machine that builds at the same time. */
const READY_MS = 240_000, END_MS = 20_000;
const ADMIN = `Basic ${Buffer.from('admin:admin').toString('base64')}`;
const provisioning = path.join(root, 'alloy/grafana/provisioning');

/** Grafana's own folder, or undefined where there is none. */
export function grafanaHome() {
  let binary;
  try { binary = execFileSync('sh', ['-c', 'command -v grafana'], { encoding: 'utf8' }).trim(); } catch { return undefined; }
  const candidates = [process.env.GF_PATHS_HOME, path.dirname(path.dirname(fs.realpathSync(binary))), '/usr/share/grafana'];
  return candidates.find(d => d && fs.existsSync(path.join(d, 'conf/defaults.ini')));
}

/** Whether it has its front end, and not only its API. */
export const hasFrontEnd = home => fs.existsSync(path.join(home, 'public/build/assets-manifest.json'));

/** Starts Grafana in dir. stack: what startStack() returned. Anybody may look (as an editor: Explore is not for viewers); the
 * API is asked as its administrator. Resolves to { url, api, token, log, process }. */
export async function startGrafana(dir, home, stack, { port } = {}) {
  port ??= await freePort();
  const url = `http://127.0.0.1:${port}/grafana`, file = path.join(dir, 'grafana.log');
  /* Folders that Grafana complains about when they are not there. */
  for (const folder of ['plugins', 'alerting']) fs.mkdirSync(path.join(dir, 'provisioning', folder), { recursive: true });
  for (const folder of ['datasources', 'dashboards']) fs.cpSync(path.join(provisioning, folder), path.join(dir, 'provisioning', folder), { recursive: true });
  const log = fs.openSync(file, 'w');
  const child = spawn('grafana', ['server', '--homepath', home], { cwd: dir, stdio: ['ignore', log, log], env: { ...process.env,
    PROMETHEUS_URL: stack.prometheus, TEMPO_URL: stack.tempo, LOKI_URL: stack.loki, PYROSCOPE_URL: 'http://127.0.0.1:9',
    CLAUDE_TOP_DASHBOARDS: path.join(root, 'alloy/grafana/dashboards'), GF_PATHS_PROVISIONING: path.join(dir, 'provisioning'),
    GF_PATHS_DATA: path.join(dir, 'grafana'), GF_PATHS_LOGS: path.join(dir, 'grafana'), GF_PATHS_PLUGINS: path.join(dir, 'grafana/plugins'),
    GF_SERVER_HTTP_ADDR: '127.0.0.1', GF_SERVER_HTTP_PORT: String(port), GF_SERVER_ROOT_URL: url, GF_SERVER_SERVE_FROM_SUB_PATH: 'true',
    GF_SECURITY_ADMIN_PASSWORD: 'admin', GF_AUTH_ANONYMOUS_ENABLED: 'true', GF_AUTH_ANONYMOUS_ORG_ROLE: 'Editor', GF_LOG_LEVEL: 'info',
    GF_ANALYTICS_REPORTING_ENABLED: 'false', GF_ANALYTICS_CHECK_FOR_UPDATES: 'false', GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: 'false',
    GF_PLUGINS_PREINSTALL_DISABLED: 'true', GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED: 'true', GF_NEWS_NEWS_FEED_ENABLED: 'false' } });
  fs.closeSync(log);
  child.on('exit', () => { child.over = true; });
  child.named = 'grafana';
  const grafana = { url, process: child, log: () => fs.readFileSync(file, 'utf8') };
  /** One request of the API: { status, body }. authorization: instead of the administrator's. */
  grafana.api = async (way, { body, authorization = ADMIN } = {}) => {
    const r = await request(url + way, { method: body ? 'POST' : 'GET', body: body ? JSON.stringify(body) : '',
      headers: { authorization, 'content-type': 'application/json' } });
    let answer; try { answer = JSON.parse(r.body); } catch { answer = r.body.toString(); }
    return { status: r.status, headers: r.headers, body: answer };
  };
  try {
    await until('Grafana to be ready', async () => {
      if (child.over) throw new Error(`Grafana ended: ${grafana.log().slice(-1500)}`);
      const r = await grafana.api('/api/health').catch(() => ({}));
      return r.status === 200 && r.body.database === 'ok';
    }, READY_MS);
    const account = await grafana.api('/api/serviceaccounts', { body: { name: 'claude-top', role: 'Viewer' } });
    assert.equal(account.status, 201, JSON.stringify(account.body));
    const token = await grafana.api(`/api/serviceaccounts/${account.body.id}/tokens`, { body: { name: 'claude-top' } });
    assert.equal(token.status, 200, JSON.stringify(token.body));
    grafana.token = token.body.key;
  } catch (e) { await stopGrafana(grafana); throw e; }
  return grafana;
}

/** It is asked to end, so that what it started ends as well. */
export async function stopGrafana(grafana) {
  const child = grafana.process;
  child.kill('SIGTERM');
  await until('Grafana to end', () => child.over, END_MS).catch(() => child.kill('SIGKILL'));
}
