// stack_inside.mjs - beside the real Claude Code, where only the loopback is: claude-top on Claude Code's ports, and behind it
// the stack, with Alloy or without ("direct").
//
//   node stack_inside.mjs CLAUDE_TOP FOLDER CONFIGURATION     serves until SIGTERM
//   node stack_inside.mjs --ask CLAUDE_TOP FOLDER             the client is done: asks, prints "RESULT {…}"
//
// claude-top listens at once: what arrives before Alloy is ready waits in its journal.
import fs from 'node:fs';
import path from 'node:path';
import { spawn, spawnSync } from 'node:child_process';
import { until } from '../tools/tap.mjs';
import { ask, askDashboards, askLinks } from './stack_questions.mjs';
import { choosePorts, direct, startStack, stopStack } from './stack_programs.mjs';

const ALLOY = { alloyHttp: 14318, alloyGrpc: 14317 };
const read = file => JSON.parse(fs.readFileSync(file, 'utf8'));

if (process.argv[2] === '--ask') {
  const [program, folder] = process.argv.slice(3);
  const state = ['--state-dir', path.join(folder, 'state'), '--socket', path.join(folder, 's.sock')];
  const status = () => {
    const r = spawnSync(program, ['status', '--json', ...state.slice(2)], { encoding: 'utf8', maxBuffer: 1 << 26 });
    return r.status === 0 ? JSON.parse(r.stdout) : undefined;
  };
  const result = {};
  try {
    await until('the stack', () => fs.existsSync(path.join(folder, 'stack.json')), 300_000);
    const stack = read(path.join(folder, 'stack.json'));
    result.status = await until('all to be forwarded', () => {
      const s = status();
      return s && s.flow.queued.requests === 0 && s.flow.forwarded.requests > 0 && s;
    }, 120_000);
    result.sessions = [];
    for (const session of result.status.sessions) {
      const found = await ask(stack, session.session_id);
      result.sessions.push({ session: session.session_id, ...found });
    }
    const last = result.sessions.at(-1).session;
    result.dashboards = await askDashboards(stack, last);
    result.links = await askLinks(stack, program, last, state);
  } catch (e) { result.error = e.stack; }
  console.log(`RESULT ${JSON.stringify(result)}`);
  process.exit(0);
}

const [program, folder, configuration] = process.argv.slice(2);
const ports = await choosePorts(ALLOY);
fs.writeFileSync(path.join(folder, 'config.ini'), configuration === 'direct' ? direct(ports) : `[upstream]\nhttp = http://127.0.0.1:${ALLOY.alloyHttp}\n`);
const top = spawn(program, ['serve', '--config', path.join(folder, 'config.ini'), '--http', '127.0.0.1:4318', '--grpc', '127.0.0.1:4317',
  '--state-dir', path.join(folder, 'state'), '--socket', path.join(folder, 's.sock'), '--upstream-backoff-max', '1s', '--synthesize-delay', '2s'],
{ stdio: ['ignore', 'ignore', fs.openSync(path.join(folder, 'claude-top.log'), 'w')] });
let stack;
const end = () => { if (stack) stopStack(stack); top.kill('SIGKILL'); process.exit(0); };
process.on('SIGTERM', end);
process.on('SIGINT', end);
stack = await startStack(folder, configuration, ports);
const { processes, ...addresses } = stack;
fs.writeFileSync(path.join(folder, 'stack.part'), JSON.stringify(addresses));
fs.renameSync(path.join(folder, 'stack.part'), path.join(folder, 'stack.json'));
