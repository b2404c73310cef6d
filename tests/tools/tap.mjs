// tap.mjs - what the Node-driven tests share: TAP output, temporary folders, child processes that end with the test.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';

const tests = [];
export function test(name, fn) { tests.push({ name, fn }); }

class Skip extends Error {}
/** Ends the test that calls it, as skipped: what it needs is not on this machine. */
export function skip(reason) { throw new Skip(reason); }

export const root = process.env.CT_SOURCE_ROOT;
export const captures = path.join(process.env.CT_TEST_DATA, 'captures');

/** Runs the tests one after the other. Each gets a context with a folder and helpers; all of it is undone after it. */
export async function run() {
  console.log(`1..${tests.length}`);
  let failed = 0;
  for (const [i, t] of tests.entries()) {
    const ctx = new Context();
    let outcome = 'ok', why = '', skipped = '';
    try {
      await t.fn(ctx);
    } catch (e) {
      if (e instanceof Skip) skipped = ` # SKIP ${e.message.replace(/\s+/g, ' ')}`;
      else { outcome = 'not ok'; failed++; why = (e.stack ?? String(e)) + '\n' + ctx.stderr(); }
    }
    await ctx.end();
    console.log(`${outcome} ${i + 1} - ${t.name}${skipped}`);
    if (why) console.log(why.split('\n').map(l => '# ' + l).join('\n'));
  }
  process.exit(failed ? 1 : 0);
}

/** Waits until fn() returns something true; fails after ms. */
export async function until(what, fn, ms = 15000) {
  const end = Date.now() + ms;
  for (;;) {
    const x = await fn();
    if (x) return x;
    assert.ok(Date.now() < end, `waited ${ms} ms for ${what}`);
    await new Promise(f => setTimeout(f, 20));
  }
}

class Context {
  constructor() {
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'ct-test-'));
    this.children = [];
  }

  path(...names) { return path.join(this.dir, ...names); }

  /** stdin: 'ignore', or 'pipe' to write to. */
  start(command, args, env = {}, stdin = 'ignore') {
    const own = { HOME: this.dir, XDG_STATE_HOME: '', XDG_RUNTIME_DIR: '', XDG_CONFIG_HOME: '' };
    const p = spawn(command, args, { env: { ...process.env, ...own, ...env }, stdio: [stdin, 'pipe', 'pipe'] });
    p.out = ''; p.err = ''; p.name = path.basename(command);
    p.stdout.on('data', d => { p.out += d; });
    p.stderr.on('data', d => { p.err += d; });
    p.ended = new Promise(f => p.on('close', (code, signal) => { p.code = code; p.signal = signal; p.over = true; f(p); }));
    this.children.push(p);
    return p;
  }

  /** Runs to the end; returns the process with out, err and code. */
  async run(command, args, env) { return this.start(command, args, env).ended; }

  stderr() { return this.children.filter(p => p.err).map(p => `${p.name} said: ${p.err}`).join('\n'); }

  async end() {
    for (const p of this.children) if (!p.over) p.kill('SIGKILL');
    await Promise.all(this.children.map(p => p.ended));
    fs.rmSync(this.dir, { recursive: true, force: true });
  }
}

export function readLines(file) {
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map(l => JSON.parse(l)) : [];
}

/** One HTTP request; resolves to { status, headers, body } or rejects. */
export function request(url, { method = 'POST', headers = {}, body = '', socketPath, agent } = {}) {
  return new Promise((resolve, reject) => {
    const u = new URL(url);
    const r = http.request({ host: u.hostname, port: u.port, path: u.pathname + u.search, method, headers, socketPath, agent }, res => {
      const parts = [];
      res.on('data', d => parts.push(d));
      res.on('end', () => resolve({ status: res.statusCode, headers: res.headers, body: Buffer.concat(parts) }));
      res.on('error', reject);
    });
    r.on('error', reject);
    r.end(body);
  });
}

export { assert };
