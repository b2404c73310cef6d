// Spans of an ExportTraceServiceRequest in protobuf, read by nothing but the wire format and the field numbers of
// opentelemetry-proto: for tests of what claude-top encodes.
//
//   node otlp-spans.mjs FILE...      prints them as a tree
import fs from 'node:fs';
import { pathToFileURL } from 'node:url';

/** Fields of one message: [number, wire type, value] each, bytes as Buffer, varints and fixed64 as BigInt. */
export function* fields(bytes) {
  let at = 0;
  const varint = () => {
    let value = 0n, shift = 0n;
    for (;;) {
      if (at >= bytes.length || shift > 63n) throw new Error('a varint that does not end');
      const b = bytes[at++];
      value |= BigInt(b & 0x7f) << shift;
      if (b < 0x80) return BigInt.asUintN(64, value);
      shift += 7n;
    }
  };
  const take = n => {
    if (at + n > bytes.length) throw new Error('a field past the end of its message');
    at += n;
    return bytes.subarray(at - n, at);
  };
  while (at < bytes.length) {
    const tag = varint(), number = Number(tag >> 3n), wire = Number(tag & 7n);
    if (number === 0) throw new Error('field number 0');
    if (wire === 0) yield [number, wire, varint()];
    else if (wire === 1) yield [number, wire, take(8).readBigUInt64LE()];
    else if (wire === 2) yield [number, wire, take(Number(varint()))];
    else if (wire === 5) yield [number, wire, take(4).readUInt32LE()];
    else throw new Error(`wire type ${wire}`);
  }
}

/** Strict: a text field must be UTF-8. */
const text = b => new TextDecoder('utf-8', { fatal: true }).decode(b);
const want = (wire, expected, what) => { if (wire !== expected) throw new Error(`${what}: wire type ${wire}`); };

function value(bytes) {
  let out = null;
  for (const [n, wire, v] of fields(bytes)) {
    if (n === 1) out = text(v);
    else if (n === 2) { want(wire, 0, 'bool'); out = v !== 0n; }
    else if (n === 3) { want(wire, 0, 'int'); out = Number(BigInt.asIntN(64, v)); }
    else if (n === 4) { want(wire, 1, 'double'); const b = Buffer.alloc(8); b.writeBigUInt64LE(v); out = b.readDoubleLE(); }
    else if (n === 5) out = [...fields(v)].map(([, , item]) => value(item));
    else throw new Error(`AnyValue has a field ${n}`);
  }
  return out;
}

function attribute(bytes, into) {
  let key = '', v = null;
  for (const [n, , x] of fields(bytes)) { if (n === 1) key = text(x); else if (n === 2) v = value(x); }
  if (key in into) throw new Error(`attribute ${key} twice`);
  into[key] = v;
}

function link(bytes) {
  const out = { attributes: {} };
  for (const [n, , v] of fields(bytes)) {
    if (n === 1) out.traceId = v.toString('hex');
    else if (n === 2) out.spanId = v.toString('hex');
    else if (n === 4) attribute(v, out.attributes);
    else throw new Error(`Link has a field ${n}`);
  }
  return out;
}

function span(bytes) {
  const out = { parentSpanId: '', kind: 0, attributes: {}, links: [], events: [], status: 0, message: '' };
  for (const [n, wire, v] of fields(bytes)) {
    if (n === 1) out.traceId = v.toString('hex');
    else if (n === 2) out.spanId = v.toString('hex');
    else if (n === 4) out.parentSpanId = v.toString('hex');
    else if (n === 5) out.name = text(v);
    else if (n === 6) out.kind = Number(v);
    else if (n === 7) { want(wire, 1, 'start'); out.start = v; }
    else if (n === 8) { want(wire, 1, 'end'); out.end = v; }
    else if (n === 9) attribute(v, out.attributes);
    else if (n === 11) out.events.push(Object.fromEntries([...fields(v)].map(([k, , x]) => [k, x])));
    else if (n === 13) out.links.push(link(v));
    else if (n === 15) { for (const [k, , x] of fields(v)) { if (k === 2) out.message = text(x); else if (k === 3) out.status = Number(x); } }
    else if (n === 16) { want(wire, 5, 'flags'); out.flags = v; }
    else throw new Error(`Span has a field ${n}`);
  }
  return out;
}

/** Every span of a request, each with its resource's attributes and its scope's name. */
export function spansOf(body) {
  const out = [];
  for (const [n, , resourceSpans] of fields(body)) {
    if (n !== 1) throw new Error(`the request has a field ${n}`);
    const resource = {};
    for (const [k, , v] of fields(resourceSpans)) {
      if (k === 1) { for (const [a, , x] of fields(v)) if (a === 1) attribute(x, resource); }
      if (k !== 2) continue;
      let scope = '';
      for (const [s, , x] of fields(v)) {
        if (s === 1) { for (const [a, , y] of fields(x)) if (a === 1) scope = text(y); }
        else if (s === 2) out.push({ ...span(x), resource, scope });
      }
    }
  }
  return out;
}

/** The tree, one span a line, by start: for people and for comparing. */
export function treeOf(spans) {
  const lines = [], ids = new Set(spans.map(s => s.spanId));
  const put = (s, depth) => {
    const took = Number((s.end - s.start) / 1000000n);
    const links = s.links.map(l => `${l.attributes['link.type']}=${spans.find(x => x.spanId === l.spanId)?.name ?? '?'}`);
    lines.push(`${'  '.repeat(depth)}${s.name} [${took} ms]${s.status === 2 ? ` ERROR ${s.attributes['error.type']}: ${s.message}` : ''}${links.length ? ` {${links.join('; ')}}` : ''}`);
    for (const c of spans.filter(x => x.parentSpanId === s.spanId).sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0))) put(c, depth + 1);
  };
  for (const s of spans.filter(x => !ids.has(x.parentSpanId))) put(s, 0);
  return lines.join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const spans = process.argv.slice(2).flatMap(f => spansOf(fs.readFileSync(f)));
  if (process.env.ATTRS) for (const s of spans) console.log(s.name, JSON.stringify(s.attributes), JSON.stringify(s.resource));
  console.log(treeOf(spans));
}
