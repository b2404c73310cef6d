// grafana_pages.mjs - Grafana's pages as a browser shows them: the dashboards, and what claude-top's links open.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { assert, until } from '../tools/tap.mjs';
import { dashboards } from '../tools/dashboards.mjs';
import { playwright } from './harness.mjs';

const PAGE_MS = 120_000;
/* High enough that every panel of a dashboard is drawn: Grafana draws what is in view. */
const VIEW = { width: 1680, height: 3000 };
const pictures = process.env.CT_PICTURES;
const chromiumPath = () => execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim();

/* As Grafana marks them: a panel, one that failed, one without data, what is still being asked. */
const PANEL = '[data-testid^="data-testid Panel header "]', FAILED = '[data-testid="data-testid Panel status error"]';
const NO_DATA = '[data-testid="data-testid Panel data error message"]', BUSY = '[aria-label="Panel loading bar"], [data-testid="Spinner"]';
const ALERT = '[data-testid^="data-testid Alert error"]';

/** A page, and what it complains of. */
async function open(browser, url, ready) {
  const page = await browser.newPage({ viewport: VIEW, deviceScaleFactor: 1 });
  page.setDefaultTimeout(PAGE_MS);
  page.errors = [];
  page.on('pageerror', e => page.errors.push(e.message));
  await page.goto(url, { waitUntil: 'domcontentloaded', timeout: PAGE_MS });
  await until(`${url.slice(0, 300)} to be drawn`, () => ready(page), PAGE_MS);
  return page;
}

async function picture(page, name, options = {}) {
  if (!pictures) return;
  fs.mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: path.join(pictures, `${name}.png`), timeout: PAGE_MS, ...options });
}

const panels = page => page.$$eval(PANEL, (found, [failed, none]) => found.map(p => ({
  title: p.dataset.testid.replace('data-testid Panel header ', ''), failed: Boolean(p.querySelector(failed)),
  empty: p.querySelector(none)?.innerText ?? (/^No data$/m.test(p.innerText) ? 'No data' : undefined) })), [FAILED, NO_DATA]);
const quiet = async page => (await page.$$(BUSY)).length === 0;

/* Drawn to the end: nothing is being asked, and the same a moment later, because a panel asks when it comes into view. */
function settled(count) {
  let calm = 0;
  return async page => {
    const now = (await quiet(page)) && (await page.$$(count.selector)).length >= count.least;
    calm = now ? calm + 1 : 0;
    return calm > 20;
  };
}

async function lookAtDashboards({ browser, grafana, session, note }) {
  for (const d of dashboards()) {
    const wanted = d.panels.filter(p => p.type !== 'row').map(p => p.title);
    const narrowed = d.uid === 'claude-top-session' ? `&var-session_id=${session}` : '';
    const page = await open(browser, `${grafana.url}/d/${d.uid}?orgId=1&from=now-30m&to=now&kiosk${narrowed}`, settled({ selector: PANEL, least: wanted.length }));
    const found = await panels(page);
    await picture(page, d.uid);
    assert.deepEqual(found.map(p => p.title).sort(), [...wanted].sort(), d.uid);
    assert.deepEqual(found.filter(p => p.failed), [], d.uid);
    /* Empty is only what says that this is no failure; a panel of log lines has no words of its own for that. */
    for (const p of found.filter(p => p.empty)) {
      note(`${d.uid}, ${p.title}: ${p.empty}`);
      const lines = d.panels.find(x => x.title === p.title && x.type === 'logs');
      if (!lines || !/error|fail/i.test(p.title)) assert.notEqual(p.empty, 'No data', `${d.uid}, ${p.title}`);
    }
    assert.deepEqual(page.errors, [], d.uid);
    await page.close();
  }
}

const panesOf = url => Object.entries(JSON.parse(new URL(url).searchParams.get('panes') ?? '{}'));
/* What a query asks, whatever Explore adds to it. */
const asks = q => [q.datasource.uid, q.expr ?? q.query ?? q.labelSelector];

/** Explore has the panes, the queries and the ranges of the link, and shows no error. */
async function lookAtExplore(browser, name, url) {
  const wanted = panesOf(url);
  const page = await open(browser, url, settled({ selector: '[data-testid="data-testid Explore"]', least: 1 }));
  await picture(page, name, { clip: { x: 0, y: 0, width: VIEW.width, height: 1400 } });
  const now = panesOf(page.url());
  assert.deepEqual(now.map(([id]) => id), wanted.map(([id]) => id), name);
  for (const [i, [, pane]] of now.entries()) {
    assert.equal(pane.datasource, wanted[i][1].datasource, name);
    assert.deepEqual(pane.queries.map(asks), wanted[i][1].queries.map(asks), name);
    assert.deepEqual(pane.range, wanted[i][1].range, name);
    assert.deepEqual(pane.panelsState?.trace?.spanId, wanted[i][1].panelsState?.trace?.spanId, name);
  }
  /* Each pane has an alert in waiting, without a word but its title, and transparent. */
  const alerts = (await page.$$eval(ALERT, found => found.map(a => a.innerText.trim()))).filter(a => a !== 'Unknown error');
  assert.deepEqual(alerts, [], name);
  return page;
}

const spans = page => page.$$eval('[data-testid="span-view"]', found => found.length);

/* What Explore opens of stores that are there. */
const SEEN = ['tempo', 'loki', 'mimir', 'split'];

/** All of it. links(args): { kind: URL } for the session, narrowed by args. */
export async function lookAtAll({ grafana, session, links, logql, note }) {
  const browser = await (await playwright()).chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  try {
    await lookAtDashboards({ browser, grafana, session, note });
    const events = await logql(`{service_name="claude-code"} | session_id="${session}" | event_name="tool_result"`);
    const labels = events.body.data.result.map(x => x.stream);
    const tool = labels.find(l => l.tool_use_id);
    for (const [what, args] of [['session', []], ['tool', ['--call', tool.tool_use_id]], ['errors', ['--errors']]]) {
      for (const [kind, url] of Object.entries(await links(args)).filter(([k]) => SEEN.includes(k))) {
        const page = await lookAtExplore(browser, `${what}-${kind}`, url);
        /* The call's trace is open, and the span that is in focus is among those drawn. */
        if (what === 'tool' && (kind === 'tempo' || kind === 'split')) await until(`the spans of ${what}-${kind}`, async () => await spans(page) > 0, PAGE_MS);
        await page.close();
      }
    }
  } finally { await browser.close(); }
}
