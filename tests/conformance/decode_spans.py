"""Decodes requests of spans with the official protobuf classes of OpenTelemetry.

    python decode_spans.py http|grpc FILE...

FILE is the body of one request; grpc: one message with its five bytes in front. Prints one JSON object a line for each
span. A field that the schema does not know, or a form that encoding again does not give back, is an error.
"""
import json
import sys

from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def assert_known(message):
    if len(UnknownFieldSet(message)):
        sys.exit(f"{message.DESCRIPTOR.name} has unknown fields")
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        items = [value] if hasattr(value, "DESCRIPTOR") else value
        for item in items:
            assert_known(item)


def value_of(value):
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [value_of(v) for v in value.array_value.values]
    return getattr(value, kind)


def attributes(items):
    out = {}
    for item in items:
        if item.key in out:
            sys.exit(f"attribute {item.key} twice")
        out[item.key] = value_of(item.value)
    return out


for name in sys.argv[2:]:
    with open(name, "rb") as file:
        body = file.read()
    if sys.argv[1] == "grpc":
        if body[0] != 0 or int.from_bytes(body[1:5], "big") != len(body) - 5:
            sys.exit("the message's five bytes are wrong")
        body = body[5:]
    request = ExportTraceServiceRequest()
    if request.ParseFromString(body) != len(body):
        sys.exit("not all of the body was read")
    if not request.IsInitialized():
        sys.exit("the request is not complete")
    assert_known(request)
    if ExportTraceServiceRequest.FromString(request.SerializeToString()) != request:
        sys.exit("encoded again it is another request")
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                print(json.dumps({
                    "resource": attributes(resource_spans.resource.attributes),
                    "scope": scope_spans.scope.name,
                    "traceId": span.trace_id.hex(),
                    "spanId": span.span_id.hex(),
                    "parentSpanId": span.parent_span_id.hex(),
                    "name": span.name,
                    "kind": span.kind,
                    "start": str(span.start_time_unix_nano),
                    "end": str(span.end_time_unix_nano),
                    "flags": span.flags,
                    "status": span.status.code,
                    "message": span.status.message,
                    "attributes": attributes(span.attributes),
                    "events": [{"name": e.name, "time": str(e.time_unix_nano)} for e in span.events],
                    "links": [{"traceId": l.trace_id.hex(), "spanId": l.span_id.hex(), "attributes": attributes(l.attributes)}
                              for l in span.links],
                }))
