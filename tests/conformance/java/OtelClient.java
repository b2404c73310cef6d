// Exports spans, log records and metric points with the OpenTelemetry SDK for Java.
//
//   java -cp 'lib/*' OtelClient.java http|grpc none|gzip ADDRESS COUNT
//
// COUNT spans and log records in batches of 100, and a counter with COUNT attribute sets. What the exporters complain about
// goes to stderr and makes the exit code 1.
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.logs.Severity;
import io.opentelemetry.exporter.otlp.http.logs.OtlpHttpLogRecordExporter;
import io.opentelemetry.exporter.otlp.http.metrics.OtlpHttpMetricExporter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.logs.OtlpGrpcLogRecordExporter;
import io.opentelemetry.exporter.otlp.metrics.OtlpGrpcMetricExporter;
import io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporter;
import io.opentelemetry.sdk.logs.SdkLoggerProvider;
import io.opentelemetry.sdk.logs.export.BatchLogRecordProcessor;
import io.opentelemetry.sdk.logs.export.LogRecordExporter;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.export.MetricExporter;
import io.opentelemetry.sdk.metrics.export.PeriodicMetricReader;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

public class OtelClient {
  public static void main(String[] args) {
    boolean grpc = args[0].equals("grpc");
    String compression = args[1], base = "http://" + args[2];
    int count = Integer.parseInt(args[3]);

    AtomicInteger complaints = new AtomicInteger();
    Logger root = Logger.getLogger("");
    root.addHandler(new Handler() {
      @Override public void publish(LogRecord r) {
        if (r.getLevel().intValue() >= Level.WARNING.intValue()) complaints.incrementAndGet();
      }
      @Override public void flush() {}
      @Override public void close() {}
    });

    SpanExporter spans = grpc
        ? OtlpGrpcSpanExporter.builder().setEndpoint(base).setCompression(compression).setTimeout(Duration.ofSeconds(20)).build()
        : OtlpHttpSpanExporter.builder().setEndpoint(base + "/v1/traces").setCompression(compression).setTimeout(Duration.ofSeconds(20)).build();
    LogRecordExporter logs = grpc
        ? OtlpGrpcLogRecordExporter.builder().setEndpoint(base).setCompression(compression).setTimeout(Duration.ofSeconds(20)).build()
        : OtlpHttpLogRecordExporter.builder().setEndpoint(base + "/v1/logs").setCompression(compression).setTimeout(Duration.ofSeconds(20)).build();
    MetricExporter metrics = grpc
        ? OtlpGrpcMetricExporter.builder().setEndpoint(base).setCompression(compression).setTimeout(Duration.ofSeconds(20)).build()
        : OtlpHttpMetricExporter.builder().setEndpoint(base + "/v1/metrics").setCompression(compression).setTimeout(Duration.ofSeconds(20)).build();

    Resource resource = Resource.create(Attributes.of(AttributeKey.stringKey("service.name"), "conformance",
        AttributeKey.stringArrayKey("process.tags"), List.of("a", "b"), AttributeKey.longKey("host.cores"), 2L,
        AttributeKey.booleanKey("host.busy"), true));
    SdkTracerProvider tracing = SdkTracerProvider.builder().setResource(resource).addSpanProcessor(BatchSpanProcessor.builder(spans)
        .setMaxQueueSize(100000).setMaxExportBatchSize(100).setScheduleDelay(Duration.ofMillis(100)).build()).build();
    SdkLoggerProvider logging = SdkLoggerProvider.builder().setResource(resource).addLogRecordProcessor(BatchLogRecordProcessor.builder(logs)
        .setMaxQueueSize(100000).setMaxExportBatchSize(100).setScheduleDelay(Duration.ofMillis(100)).build()).build();
    SdkMeterProvider metering = SdkMeterProvider.builder().setResource(resource).registerMetricReader(
        PeriodicMetricReader.builder(metrics).setInterval(Duration.ofMinutes(10)).build()).build();

    var tracer = tracing.get("conformance");
    var logger = logging.get("conformance");
    var counter = metering.get("conformance").counterBuilder("things").setUnit("1").setDescription("counted").build();
    AttributeKey<Long> number = AttributeKey.longKey("i");
    for (int i = 0; i < count; i++) {
      var span = tracer.spanBuilder("span " + i).setAttribute(number, (long) i).setAttribute("half", i / 2.0)
          .setAttribute("text", "ä\uD83D\uDE00".repeat(i % 50)).startSpan();
      span.addEvent("event", Attributes.of(number, (long) i));
      if (i % 10 == 0) span.recordException(new IllegalStateException("one of them"));
      span.end();
      logger.logRecordBuilder().setTimestamp(i + 1, TimeUnit.NANOSECONDS).setSeverity(Severity.INFO).setSeverityText("INFO")
          .setBody("body " + i).setAttribute(number, (long) i).emit();
      counter.add(1, Attributes.of(number, (long) i));
    }
    tracing.shutdown().join(30, TimeUnit.SECONDS);
    logging.shutdown().join(30, TimeUnit.SECONDS);
    metering.shutdown().join(30, TimeUnit.SECONDS);
    System.exit(complaints.get() > 0 ? 1 : 0);
  }
}
