// dashboards.mjs - the dashboards of alloy/grafana, their queries, and a query with its variables filled in as Grafana does.
import fs from 'node:fs';
import path from 'node:path';
import { root } from './tap.mjs';

const folder = path.join(root, 'alloy/grafana/dashboards');
export const dashboards = () => fs.readdirSync(folder).map(file => ({ file, ...JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8')) }));

/** [{ dashboard, panel, target, language, query }]: every query of a panel or a variable; language: the data source's type. */
export function queries(dashboard) {
  const all = [];
  for (const panel of dashboard.panels) {
    for (const target of panel.targets ?? []) {
      all.push({ dashboard: dashboard.uid, panel: panel.title, target, language: target.datasource.type, query: target.expr ?? target.query });
    }
  }
  for (const v of dashboard.templating.list.filter(v => v.type === 'query')) {
    all.push({ dashboard: dashboard.uid, panel: `variable ${v.name}`, target: v.query, language: v.datasource.type, query: v.query.query });
  }
  return all;
}

/** With every $variable replaced; values: { session_id, model, tool }, by default all. */
export function filled(query, values = {}, range = '1h') {
  const given = { session_id: '.*', model: '.*', tool: '.*', ...values, __range: range, __rate_interval: '1m', __interval: '15s', __auto: '1m' };
  return query.replace(/\$\{?([a-z_]+)\}?/g, (whole, name) => {
    if (!(name in given)) throw new Error(`${whole} in ${query}`);
    return given[name];
  });
}
