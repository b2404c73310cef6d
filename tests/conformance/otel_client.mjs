// otel_client.mjs - exports spans, log records and metric points with the OpenTelemetry SDK for JavaScript.
//
//   node otel_client.mjs NODE_MODULES_FOLDER http|proto|grpc none|gzip ADDRESS COUNT
//
// COUNT spans and log records in batches of 100, and a counter with COUNT attribute sets. Every failure of an export is a
// line on stderr and makes the exit code 1.
import { createRequire } from 'node:module';
import path from 'node:path';

const [folder, protocol, compression, address, count] = process.argv.slice(2);
const require = createRequire(path.join(folder, 'package.json'));
const { diag, DiagLogLevel } = require('@opentelemetry/api');
const { resourceFromAttributes } = require('@opentelemetry/resources');
const { BasicTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { LoggerProvider, BatchLogRecordProcessor } = require('@opentelemetry/sdk-logs');
const { MeterProvider, PeriodicExportingMetricReader } = require('@opentelemetry/sdk-metrics');
const exporters = Object.assign({}, ...['trace', 'logs', 'metrics'].map(s => require(`@opentelemetry/exporter-${s}-otlp-${protocol}`)));

let failed = false;
const complain = (...words) => { failed = true; console.error(...words); };
diag.setLogger({ error: complain, warn: complain, info() {}, debug() {}, verbose() {} }, DiagLogLevel.WARN);

const url = signal => protocol === 'grpc' ? `http://${address}` : `http://${address}/v1/${signal}`;
const options = signal => ({ url: url(signal), compression, timeoutMillis: 20000, concurrencyLimit: 1000 });
const resource = resourceFromAttributes({ 'service.name': 'conformance', 'process.tags': ['a', 'b'], 'host.cores': 2, 'host.busy': true });
const limits = { maxExportBatchSize: 100, maxQueueSize: 100000, scheduledDelayMillis: 100 };

const traces = new exporters.OTLPTraceExporter(options('traces'));
const logs = new exporters.OTLPLogExporter(options('logs'));
const metrics = new exporters.OTLPMetricExporter(options('metrics'));

const tracing = new BasicTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(traces, limits)] });
const logging = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter: logs, ...limits })] });
const metering = new MeterProvider({ resource,
  readers: [new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 600000, exportTimeoutMillis: 20000 })] });

const tracer = tracing.getTracer('conformance', '1.0'), logger = logging.getLogger('conformance', '1.0');
const counter = metering.getMeter('conformance', '1.0').createCounter('things', { unit: '1', description: 'counted' });
for (let i = 0; i < Number(count); i++) {
  const span = tracer.startSpan(`span ${i}`, { attributes: { i, half: i / 2, text: 'ä\u{1f600}'.repeat(i % 50), list: [i, i + 1] } });
  span.addEvent('event', { at: i });
  if (i % 10 === 0) span.recordException(new Error('one of them'));
  span.end();
  logger.emit({ severityNumber: 9, severityText: 'INFO', body: { i, nested: { deep: [1, 'two', null] } }, attributes: { i } });
  counter.add(1, { i });
}
try {
  await Promise.all([tracing.shutdown(), logging.shutdown(), metering.shutdown()]);
} catch (e) {
  complain(e.message);
}
process.exit(failed ? 1 : 0);
