"""Exports spans, log records and metric points with the OpenTelemetry SDK for Python.

    python otel_client.py http|grpc none|gzip ADDRESS COUNT

COUNT spans and log records in batches of 100, and a counter with COUNT attribute sets. What the exporters complain about
goes to stderr and makes the exit code 1.
"""
import importlib
import logging
import sys

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

protocol, compression, address, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])


class Complaints(logging.Handler):
    heard = 0

    def emit(self, record):
        Complaints.heard += 1
        print(record.getMessage(), file=sys.stderr)


logging.getLogger().addHandler(Complaints(logging.WARNING))


def exporter(kind, name, signal):
    module = importlib.import_module(f'opentelemetry.exporter.otlp.proto.{protocol}.{kind}')
    if protocol == 'grpc':
        import grpc
        how = grpc.Compression.Gzip if compression == 'gzip' else grpc.Compression.NoCompression
        return getattr(module, name)(endpoint=f'http://{address}', insecure=True, compression=how, timeout=20)
    from opentelemetry.exporter.otlp.proto.http import Compression
    how = Compression.Gzip if compression == 'gzip' else Compression.NoCompression
    return getattr(module, name)(endpoint=f'http://{address}/v1/{signal}', compression=how, timeout=20)


resource = Resource.create({'service.name': 'conformance', 'process.tags': ['a', 'b'], 'host.cores': 2, 'host.busy': True})
limits = {'max_queue_size': 100000, 'max_export_batch_size': 100, 'schedule_delay_millis': 100}
tracing = TracerProvider(resource=resource)
tracing.add_span_processor(BatchSpanProcessor(exporter('trace_exporter', 'OTLPSpanExporter', 'traces'), **limits))
logs = LoggerProvider(resource=resource)
logs.add_log_record_processor(BatchLogRecordProcessor(exporter('_log_exporter', 'OTLPLogExporter', 'logs'), **limits))
metering = MeterProvider(resource=resource, metric_readers=[PeriodicExportingMetricReader(
    exporter('metric_exporter', 'OTLPMetricExporter', 'metrics'), export_interval_millis=600000)])

tracer, logger = tracing.get_tracer('conformance', '1.0'), logs.get_logger('conformance', '1.0')
counter = metering.get_meter('conformance', '1.0').create_counter('things', unit='1', description='counted')
for i in range(count):
    with tracer.start_as_current_span(f'span {i}', attributes={'i': i, 'half': i / 2, 'text': 'ä\U0001f600' * (i % 50)}) as span:
        span.add_event('event', {'at': i})
        if i % 10 == 0:
            span.record_exception(ValueError('one of them'))
    logger.emit(LogRecord(timestamp=i + 1, severity_number=SeverityNumber.INFO, severity_text='INFO',
                          body={'i': i, 'nested': {'deep': [1, 'two']}}, attributes={'i': i}))
    counter.add(1, {'i': i})
tracing.shutdown()
logs.shutdown()
metering.shutdown()
sys.exit(1 if Complaints.heard else 0)
