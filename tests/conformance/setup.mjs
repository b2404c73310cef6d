// The settings that `claude-top setup` writes, with the real Claude Code: with them its telemetry and its hooks arrive,
// after --remove nothing does.
//
//   CT_CLAUDE_E2E=RUN node setup.mjs CLAUDE_TOP
//
// RUN is what claude_code.mjs says, with -c SETTINGS: a file that becomes the client's settings.json. The environment
// that RUN gives the client is turned off here, so that only the settings can lead anywhere.
import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { assert, run, skip, test } from '../tools/tap.mjs';
import { program } from './harness.mjs';

const RUN_MS = 300_000;
const claude_top = path.resolve(program);
const quote = s => `'${s.replace(/'/g, `'\\''`)}'`;
const OFF = ['CLAUDE_CODE_ENABLE_TELEMETRY=0', 'CLAUDE_CODE_ENHANCED_TELEMETRY_BETA=0', 'OTEL_METRICS_EXPORTER=none', 'OTEL_LOGS_EXPORTER=none',
  'OTEL_TRACES_EXPORTER=none', 'OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1'];

/** Claude Code works off a prompt with that settings file; resolves to claude-top's status afterwards. */
function withSettings(t, settings) {
  const socket = t.path('s.sock');
  const args = ['-s', 'tools', ...OFF.flatMap(e => ['-e', e]), '-c', settings,
    '-t', `echo "RESULT $(${quote(claude_top)} status --json --socket ${quote(socket)} | tr -d '\\n')"`, '--',
    claude_top, 'serve', '--state-dir', fs.mkdtempSync(t.path('state-')), '--socket', socket];
  return new Promise((resolve, reject) => {
    const p = spawn(process.env.CT_CLAUDE_E2E, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let out = '', err = '';
    p.stdout.on('data', d => { out += d; }); p.stderr.on('data', d => { err += d; });
    const end = () => { try { process.kill(-p.pid, 'SIGKILL'); } catch { /* all gone */ } };
    const timer = setTimeout(() => { end(); reject(new Error(`took longer than ${RUN_MS} ms\n${out.slice(-2000)}\n${err.slice(-2000)}`)); }, RUN_MS);
    p.on('error', e => { clearTimeout(timer); reject(e); });
    p.on('close', () => {
      clearTimeout(timer); end();
      const line = out.split('\n').find(l => l.startsWith('RESULT {'));
      if (line) resolve(JSON.parse(line.slice(7))); else reject(new Error(`no result\n${out.slice(-2000)}\n${err.slice(-2000)}`));
    });
  });
}

const mine = '{\n  "cleanupPeriodDays": 30\n}\n';

test('with what --apply writes, telemetry of all signals and hooks arrive; after --remove nothing does', async t => {
  if (!process.env.CT_CLAUDE_E2E) skip('Claude Code is not here: CT_CLAUDE_E2E says how to run it');
  const settings = t.path('.claude/settings.json');
  fs.mkdirSync(path.dirname(settings)); fs.writeFileSync(settings, mine);
  const setup = async (...args) => {
    const r = await t.run(claude_top, ['setup', ...args, '--socket', t.path('s.sock'), '--client-version', '2.1.330'], { CLAUDE_TOP_MANAGED_SETTINGS: t.path('none'), CLAUDE_CONFIG_DIR: '' });
    assert.equal(r.code, 0, r.err);
  };
  await setup('--apply', '--details');
  let status = await withSettings(t, settings);
  const { received, refused, decode_errors, clients } = status.flow;
  console.log(`# with them: ${JSON.stringify(received)}`);
  assert.ok(received.spans > 0 && received.logs > 0 && received.metric_points > 0 && received.hooks > 0, JSON.stringify(received));
  assert.deepEqual([refused, decode_errors], [{}, 0]);
  const session = status.sessions[0], turn = session.tree.find(n => n.kind === 'turn');
  assert.equal(status.sessions.length, 1);
  assert.equal(session.state, 'ended'); // the SessionEnd hook
  assert.match(session.start_source ?? '', /startup/); // the SessionStart hook, which is a command
  assert.ok(!turn.prompt_redacted);
  assert.equal(session.tool_calls, 4);
  assert.ok(clients.some(c => c.encoding === 'protobuf'), JSON.stringify(clients));

  await setup('--remove');
  assert.equal(fs.readFileSync(settings, 'utf8'), mine);
  status = await withSettings(t, settings);
  console.log(`# without: ${JSON.stringify(status.flow.received)}`);
  const { requests, spans, logs, metric_points, hooks } = status.flow.received;
  assert.deepEqual({ requests, spans, logs, metric_points, hooks }, { requests: 0, spans: 0, logs: 0, metric_points: 0, hooks: 0 });
  assert.deepEqual(status.sessions, []);
});

await run();
