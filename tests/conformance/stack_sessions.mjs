// stack_sessions.mjs - sessions for the stack: captured ones, brought to the present.
import fs from 'node:fs';
import path from 'node:path';
import { assert, captures, readLines, request } from '../tools/tap.mjs';

/** Sends a capture in JSON, all of its times moved so that the last of them is now. */
export async function replayNow(capture, address) {
  const folder = path.join(captures, capture);
  const requests = readLines(path.join(folder, 'requests.jsonl')).map(r => ({ ...r, text: fs.readFileSync(path.join(folder, r.body), 'utf8') }));
  const times = requests.flatMap(r => [...r.text.matchAll(/UnixNano":"(\d+)"/g)].map(m => BigInt(m[1])));
  const shift = BigInt(Date.now()) * 1000000n - times.reduce((a, b) => (a > b ? a : b));
  for (const r of requests) {
    const body = r.text.replace(/UnixNano":"(\d+)"/g, (_, n) => `UnixNano":"${BigInt(n) + shift}"`);
    const answer = await request(`http://${address}${r.path}`, { headers: r.headers, body });
    assert.equal(answer.status, 200, answer.body.toString());
  }
  return /"key":"session.id","value":\{"stringValue":"([^"]+)"/.exec(requests[0].text)[1];
}
