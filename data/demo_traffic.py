"""Turns of the captures, put into sessions of another time, with other texts and numbers: see make-demo.py."""
import base64
import copy
import datetime
import gzip
import hashlib
import json
import pathlib
import random
import re

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

CAPTURES = pathlib.Path(__file__).resolve().parent.parent / 'tests/data/captures'
MESSAGES = {'logs': ExportLogsServiceRequest, 'traces': ExportTraceServiceRequest, 'metrics': ExportMetricsServiceRequest}
MS, S = 10**6, 10**9

START = int(datetime.datetime(2026, 11, 23, 9, 41, 7, 120000, datetime.timezone.utc).timestamp() * 1000) * MS
LENGTH = 115.0  # seconds; what comes later is cut off, as by the end of a recording
LOGS_EVERY, SPANS_EVERY, METRICS_EVERY = 2.0, 5.0, 10.0  # the client's export intervals in seconds

OPUS, SONNET, HAIKU = 'claude-opus-4-6', 'claude-sonnet-4-6', 'claude-haiku-4-5-20251001'
# US dollars per million tokens: input, output, cache read, cache creation.
PRICES = {OPUS: (5, 25, 0.5, 6.25), SONNET: (3, 15, 0.3, 3.75), HAIKU: (1, 5, 0.1, 1.25)}

# ------------------------------------------------------------------------------------------------------- captures


def value(v):
    kind = v.WhichOneof('value')
    return getattr(v, kind) if kind and kind != 'array_value' else None


def attributes(record):
    return {a.key: value(a.value) for a in record.attributes}


def put(record, key, new):
    """Sets an attribute that is there, in the type that it has."""
    for a in record.attributes:
        if a.key == key:
            kind = a.value.WhichOneof('value')
            setattr(a.value, kind, {'string_value': str, 'int_value': int, 'double_value': float, 'bool_value': bool}[kind](new))


def hex_ids(o):
    """OTLP/JSON writes ids in hex where protobuf's own JSON has base64."""
    if isinstance(o, dict):
        for k in o:
            if k in ('traceId', 'spanId', 'parentSpanId'):
                o[k] = base64.b64encode(bytes.fromhex(o[k])).decode()
            else:
                hex_ids(o[k])
    elif isinstance(o, list):
        for x in o:
            hex_ids(x)


class Capture:
    def __init__(self, name):
        self.logs, self.spans, self.metrics, self.hooks = [], [], {}, []
        for line in open(CAPTURES / name / 'requests.jsonl'):
            row = json.loads(line)
            body = (CAPTURES / name / row['body']).read_bytes()
            if row['headers'].get('content-encoding') == 'gzip':
                body = gzip.decompress(body)
            message = MESSAGES[row['signal']]()
            if 'json' in row['headers']['content-type']:
                parsed = json.loads(body)
                hex_ids(parsed)
                json_format.ParseDict(parsed, message, ignore_unknown_fields=True)
            else:
                message.ParseFromString(body)
            self.add(row['signal'], message)
        for line in open(CAPTURES / name / 'hooks.jsonl'):
            row = json.loads(line)
            self.hooks.append((int(row['t'] * 1000) * MS, row['body']))

    def add(self, signal, message):
        if signal == 'logs':
            self.logs += [r for x in message.resource_logs for s in x.scope_logs for r in s.log_records]
            self.envelope_logs = message
        elif signal == 'traces':
            self.spans += [r for x in message.resource_spans for s in x.scope_spans for r in s.spans]
            self.envelope_traces = message
        else:
            for x in message.resource_metrics:
                for s in x.scope_metrics:
                    for m in s.metrics:
                        self.metrics.setdefault(m.name, m)
            self.envelope_metrics = message


captures = {}


def capture(name):
    if name not in captures:
        captures[name] = Capture(name)
    return captures[name]


# ---------------------------------------------------------------------------------------------------------- clips


class Clip:
    """The records of one turn (for a background agent: and of the turn that reports it), still in their own time."""

    def __init__(self, spec, first):
        c = capture(spec['capture'])
        prompts = spec['prompts']
        self.spec = spec
        own = lambda p: bool(p) and (prompts is None or any(p.startswith(x) for x in prompts))
        self.logs = [copy.deepcopy(r) for r in c.logs if own(attributes(r).get('prompt.id'))]
        self.logs = [r for r in self.logs if attributes(r)['event.name'] != 'mcp_server_connection']
        traces = {r.trace_id for r in self.logs if r.trace_id}
        self.spans = [copy.deepcopy(s) for s in c.spans if s.trace_id in traces]
        self.hooks = [(t, copy.deepcopy(b)) for t, b in c.hooks
                      if own(b.get('prompt_id')) and (spec.get('ends') or b['hook_event_name'] != 'SessionEnd')]
        self.titled = first and not spec.get('ends')
        title = lambda r: 'generate_session_title' in (attributes(r).get('query_source'), attributes(r).get('query_source_safe'))
        answered = any(title(r) and attributes(r)['event.name'] == 'assistant_response' for r in self.logs)
        if not self.titled or not answered:
            self.logs = [r for r in self.logs if not title(r)]
            self.spans = [s for s in self.spans if not title(s)]
        if self.titled and not answered:
            self.graft_title(title)
        self.warp = self.make_warp()

    def graft_title(self, title):
        """Where the capture has no title (a client without a terminal does not ask for one), take the call of one that has."""
        c = capture('interactive')
        prompt = next(attributes(r)['prompt.id'] for r in self.logs)
        root = next(s for s in self.spans if s.name == 'claude_code.interaction')
        call = min((s for s in self.spans if s.name == 'claude_code.llm_request'), key=lambda s: s.start_time_unix_nano)
        span = copy.deepcopy(next(s for s in c.spans if title(s)))
        shift = call.start_time_unix_nano + 3 * MS - span.start_time_unix_nano
        logs = [copy.deepcopy(r) for r in c.logs if title(r) and attributes(r)['request_id'] == attributes(span)['request_id']]
        for r in logs:
            r.trace_id, r.span_id = root.trace_id, root.span_id
            r.time_unix_nano += shift
            put(r, 'prompt.id', prompt)
        span.trace_id, span.parent_span_id = root.trace_id, root.span_id
        span.start_time_unix_nano += shift
        span.end_time_unix_nano += shift
        for e in span.events:
            e.time_unix_nano += shift
        self.logs += logs
        self.spans.append(span)

    def make_warp(self):
        """A map from the capture's time to nanoseconds since the turn began: steeper inside the intervals that have a length."""
        spans = sorted(self.spans, key=lambda s: s.start_time_unix_nano)
        agents = {s.span_id for s in spans if attributes(s).get('tool_name') == 'Agent'}
        plans = [('claude_code.llm_request', self.spec['llm'], lambda a: a.get('query_source_safe') != 'generate_session_title'),
                 ('claude_code.tool.execution', self.spec['tools'], lambda a: True),
                 ('claude_code.tool.blocked_on_user', self.spec['waits'], lambda a: a.get('source', '').startswith('user_'))]
        intervals = []
        for name, lengths, wanted in plans:
            found = [s for s in spans if s.name == name and wanted(attributes(s)) and s.parent_span_id not in agents]
            assert len(found) == len(lengths), f"{self.spec['prompt']}: {name} {len(found)} in the capture, {len(lengths)} in the story"
            for s, length in zip(found, lengths):
                a, b = s.start_time_unix_nano, s.end_time_unix_nano
                intervals.append((a, b, length * S / (b - a)))
        times = [r.time_unix_nano for r in self.logs] + [t for t, _ in self.hooks] + [s.start_time_unix_nano for s in spans]
        begin = min(times)
        edges = sorted({begin, *(t for a, b, _ in intervals for t in (a, b))})
        knots, at = [], 0.0
        for i, edge in enumerate(edges):
            rate = max([r for a, b, r in intervals if a <= edge < b], default=1.0)
            knots.append((edge, at, rate))
            at += (edges[i + 1] - edge) * rate if i + 1 < len(edges) else 0

        def warp(t):
            edge, base, rate = knots[0]
            for k in knots:
                if k[0] <= t:
                    edge, base, rate = k
            return START + int(self.spec['at'] * S + base + (t - edge) * rate)
        return warp


# ------------------------------------------------------------------------------------------------------- sessions

UUID = re.compile(r'\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b')
OTHER_IDS = re.compile(r'\b(req_011C|toolu_01)([0-9a-f]{20,24})\b|\b(a)([0-9a-f]{16})\b')


def digest(*parts):
    return hashlib.sha256('\0'.join(parts).encode()).hexdigest()


def uuid(*parts):
    h = digest(*parts)
    return f'{h[:8]}-{h[8:12]}-4{h[13:16]}-{"89ab"[int(h[16], 16) % 4]}{h[17:20]}-{h[20:32]}'


class Session:
    def __init__(self, story):
        self.story, self.name, self.model = story, story['name'], story['model']
        self.random = random.Random(self.name)
        self.id = uuid(self.name, 'session')
        self.cwd = f'/home/dev/{self.name}'
        self.context = {'': story['context']}
        self.calls = {}        # new request id → what it used
        self.points = []       # (time, metric name, attributes, value)
        self.logs, self.spans, self.hooks = [], [], []
        self.start_up()
        for i, spec in enumerate(story['clips']):
            self.play(Clip(spec, i == 0), f'{self.name} {i}')
        self.number()

    # -- texts and ids

    def text(self, s, texts, salt):
        """What a string of the capture says in this session."""
        if s[:1] == '{' and s[-1:] == '}':
            try:
                return json.dumps(self.tree(json.loads(s), texts, salt), separators=(',', ':'), ensure_ascii=False)
            except ValueError:
                pass
        s = s.rstrip() if s.startswith('Slow answer') else s
        for old, new in texts.items():
            if old == s or (old.endswith('...') and s.startswith(old[:-3])):
                return new
        for old, new in sorted(texts.items(), key=lambda x: -len(x[0])):
            if len(old) > 5 or old == 'demo':
                s = s.replace(old, new)
        for old, new in (('/srv/project', self.cwd), ('-srv-project', '-home-dev-' + self.name), ('/home/claude/', '/home/dev/'),
                         ('/run/claude-0/', '/tmp/claude-1000/'), (' If it persists, check your inference gateway (127.0.0.1:8787).', ''),
                         ('claude-opus-5-5', self.model)):
            s = s.replace(old, new)
        s = UUID.sub(lambda m: self.id if m.group() in self.own else uuid(salt, m.group()), s)
        return OTHER_IDS.sub(lambda m: (m.group(1) or 'a') + digest(salt, m.group())[:len(m.group(2) or m.group(4))], s)

    def tree(self, o, texts, salt):
        if isinstance(o, dict):
            o = {k: self.tree(v, texts, salt) for k, v in o.items()}
            if 'full_command' in o and 'bash_command' in o:
                o['bash_command'] = o['full_command'].split()[0]
            return o
        if isinstance(o, list):
            return [self.tree(x, texts, salt) for x in o]
        return self.text(o, texts, salt) if isinstance(o, str) else o

    def rewrite(self, record, texts, salt):
        """All strings and ids of a log record or span."""
        kept = [a for a in record.attributes if a.key != 'anthropic.custom_base_url']
        del record.attributes[:]
        record.attributes.extend(kept)
        for a in record.attributes:
            if a.value.WhichOneof('value') == 'string_value' and a.key not in ('event.name', 'tool_name_safe'):
                a.value.string_value = self.text(a.value.string_value, texts, salt)
        put(record, 'user.id', digest('the developer'))
        for field, size in (('trace_id', 16), ('span_id', 8), ('parent_span_id', 8)):
            if getattr(record, field, b''):
                setattr(record, field, bytes.fromhex(digest(salt, getattr(record, field).hex())[:2 * size]))
        a = attributes(record)
        for length, of in (('prompt_length', 'prompt'), ('user_prompt_length', 'user_prompt'), ('response_length', 'response'),
                           ('tool_input_size_bytes', 'tool_input')):
            if length in a and of in a:
                put(record, length, len(a[of]))
        if 'full_command' in a:
            put(record, 'bash_argv0', a['full_command'].split()[0])
        if a.get('query_source') == 'sdk' or a.get('query_source_safe') == 'sdk':
            put(record, 'query_source', 'repl_main_thread')
            put(record, 'query_source_safe', 'repl_main_thread')

    # -- numbers of a call

    def call(self, span, agent_model, after):
        """Makes up what one model call used; its context grows by it."""
        a = attributes(span)
        source = a['query_source_safe']
        duration = (span.end_time_unix_nano - span.start_time_unix_nano) // MS
        thread = a.get('agent_id', '')
        use = dict(duration=duration, agent=a.get('agent_id'), source=source, span=span)
        use['ttft'] = min(int(self.random.uniform(620, 1750)), max(duration // 2, 1))
        if a.get('attempt', 1) > 1:
            use['ttft'] = min(use['ttft'], 1100)
        use['first'] = use['ttft'] + self.random.randint(70, 240)
        if source == 'generate_session_title':
            use.update(model=HAIKU, input=self.random.randint(290, 520), output=self.random.randint(14, 24), read=0, creation=0)
        else:
            use['model'] = agent_model if thread and agent_model else self.model
            context = self.context.setdefault(thread, 17400)
            # What the model wrote in the time that it had.
            speed = self.random.uniform(52, 78) * (1.7 if use['model'] == HAIKU else 1)
            writing = min(duration, 9000) - use['ttft']
            use['output'] = max(40, int(writing / 1000 * speed))
            use['input'] = self.random.randint(4, 90)
            use['creation'] = self.random.randint(1500, 11000)
            use['read'] = context
            if a['success']:
                self.context[thread] = context + use['creation'] + use['output']
            if source == 'compact':
                use['before'], use['after'] = self.context[''], after
                self.context[''] = after
        p = PRICES[use['model']]
        tokens = (use['input'], use['output'], use['read'], use['creation'])
        use['micros'] = round(sum(x * y for x, y in zip(tokens, p)))
        return use

    def fill(self, record, use):
        """Writes a call's numbers into one of its records; attributes that are not there stay away."""
        ok = attributes(record).get('success', True) not in (False, 'false')
        for key, what in (('input_tokens', 'input'), ('output_tokens', 'output'), ('cache_read_tokens', 'read'),
                          ('cache_creation_tokens', 'creation'), ('cache_creation_5m_tokens', 'creation'), ('ttft_ms', 'ttft'),
                          ('first_content_ms', 'first'), ('cost_usd_micros', 'micros'), ('model', 'model'), ('gen_ai.request.model', 'model')):
            if ok or what == 'model':
                put(record, key, use[what])
        put(record, 'cost_usd', use['micros'] / 1e6)

    # -- the parts of a session

    def start_up(self):
        c = capture('interactive')
        first = next(b['session_id'] for _, b in c.hooks)
        self.own = {first}
        start = min(r.time_unix_nano for r in c.logs)
        move = START + int(self.story['starts'] * S) - start
        salt = self.name + ' start'
        names = {'managed_settings_resolved', 'hook_execution_start', 'hook_execution_complete'}
        for r in c.logs:
            a = attributes(r)
            if a['event.name'] in names and 'prompt.id' not in a and a['session.id'] == first:
                r = copy.deepcopy(r)
                self.rewrite(r, {}, salt)
                r.time_unix_nano += move
                self.logs.append(r)
        t, body = next(h for h in c.hooks if h[1]['hook_event_name'] == 'SessionStart')
        # As `claude-top hook` passes it on.
        body = {'claude_top': {'branch': self.story['branch']}, **self.tree(body, {}, salt)}
        self.hooks.append((t + move, body))
        self.points.append((self.hooks[0][0], 'claude_code.session.count', {'start_type': 'fresh'}, 1))

    def play(self, c, salt):
        spec, warp = c.spec, c.warp
        prompts = [attributes(r)['prompt'] for r in c.logs if attributes(r)['event.name'] == 'user_prompt']
        texts = {prompts[0]: spec['prompt'], **spec['texts']}
        if len(prompts) > 1:
            texts['[[agentbg]] please'] = spec['prompt']
        self.own = {attributes(r)['session.id'] for r in c.logs}
        runs = {}
        for s in c.spans:
            s_end = s.end_time_unix_nano
            s.start_time_unix_nano, s.end_time_unix_nano = warp(s.start_time_unix_nano), warp(s_end)
            for e in s.events:
                e.time_unix_nano = warp(e.time_unix_nano)
            self.rewrite(s, texts, salt)
            if attributes(s).get('query_source_safe') == 'generate_session_title':
                # It runs beside the answer, which was stretched; a title is short.
                s.end_time_unix_nano = s.start_time_unix_nano + self.random.randint(1250, 1900) * MS
                for e in s.events:
                    e.time_unix_nano = s.start_time_unix_nano + 9 * MS
            ms = (s.end_time_unix_nano - s.start_time_unix_nano) // MS
            put(s, 'duration_ms', ms)
            put(s, 'interaction.duration_ms', ms)
            if s.status.message:
                s.status.message = self.text(s.status.message, texts, salt)
            if s.name == 'claude_code.tool.execution':
                runs[attributes(s)['tool_use_id']] = ms
        calls = {}
        for s in sorted(c.spans, key=lambda s: s.start_time_unix_nano):
            if s.name == 'claude_code.llm_request':
                use = calls[attributes(s)['request_id']] = self.call(s, spec.get('agent_model'), spec.get('after'))
                self.fill(s, use)
        agent = [u for u in calls.values() if u['agent']]
        compact = next((u for u in calls.values() if u['source'] == 'compact'), None)
        results = {}
        for t, b in c.hooks:
            b = self.tree(b, texts, salt)
            t = warp(t)
            if b.get('tool_use_id') in runs and 'duration_ms' in b:
                b['duration_ms'] = runs[b['tool_use_id']]
            for x in b.get('tool_calls', ()):
                results[x['tool_use_id']] = len(json.dumps(x['tool_response'], ensure_ascii=False))
            response = b.get('tool_response')
            if isinstance(response, dict) and 'totalTokens' in response:
                self.agent_response(response, agent, runs[b['tool_use_id']])
            if isinstance(response, dict) and 'resolvedModel' in response and spec.get('agent_model'):
                response['resolvedModel'] = spec['agent_model']
            if b['hook_event_name'] == 'MessageDisplay':
                self.show(t, b, calls)
            else:
                self.hooks.append((t, b))
        if spec.get('idle_notice'):
            self.idle_notice(spec['idle_notice'])
        for r in c.logs:
            self.log(r, texts, salt, warp, calls, runs, results, agent, compact)
        self.spans += c.spans

    def agent_response(self, response, agent, ms):
        last = agent[-1]
        response['totalTokens'] = self.context[last['agent']]
        response['totalDurationMs'] = ms - 3
        response['usage'].update(input_tokens=last['input'], output_tokens=last['output'], cache_read_input_tokens=last['read'],
                                 cache_creation_input_tokens=last['creation'])
        response['usage']['cache_creation']['ephemeral_5m_input_tokens'] = last['creation']

    def show(self, t, body, calls):
        """The text of a longer answer is shown in two parts, the first when it begins."""
        calls = [u for u in calls.values() if u['span'].start_time_unix_nano < t and u['source'] == 'repl_main_thread']
        u = max(calls, key=lambda u: u['span'].start_time_unix_nano, default=None)
        cut = body['delta'].rfind(' ', 0, len(body['delta']) // 2)
        if u and u['duration'] > 3000 and cut > 0 and not attributes(u['span']).get('error'):
            begins = u['span'].end_time_unix_nano - min(u['duration'] - u['first'], 2600) * MS
            if begins < t:
                self.hooks.append((begins, {**body, 'final': False, 'delta': body['delta'][:cut]}))
                body = {**body, 'index': 1, 'delta': body['delta'][cut:]}
        self.hooks.append((t, body))

    def idle_notice(self, after):
        t, stop = next(h for h in reversed(self.hooks) if h[1]['hook_event_name'] == 'Stop')
        body = {k: stop[k] for k in ('session_id', 'transcript_path', 'cwd', 'prompt_id')}
        body.update(hook_event_name='Notification', message='Claude is waiting for your input', notification_type='idle_prompt')
        self.hooks.append((t + int(after * S), body))

    def log(self, r, texts, salt, warp, calls, runs, results, agent, compact):
        a = attributes(r)
        name, old = a['event.name'], r.time_unix_nano
        r.time_unix_nano = warp(old) // MS * MS
        for key in ('duration_ms', 'total_duration_ms', 'total_retry_duration_ms'):
            if key in a:
                put(r, key, (r.time_unix_nano - warp(old - int(a[key]) * MS)) // MS)
        self.rewrite(r, texts, salt)
        a = attributes(r)
        use = calls.get(a.get('request_id'))
        if use and use['source'] == 'generate_session_title':
            r.time_unix_nano = use['span'].end_time_unix_nano // MS * MS
            put(r, 'duration_ms', use['duration'] - 4)
        if use and name in ('api_request', 'api_error', 'assistant_response'):
            self.fill(r, use)
        if use and name == 'api_request':
            if attributes(use['span'])['attempt'] == 1:
                put(r, 'duration_ms', use['duration'] - 2 - use['first'] % 25)
            self.use_points(r.time_unix_nano, use)
        if use and use['source'] == 'generate_session_title' and name == 'assistant_response':
            put(r, 'response', json.dumps({'title': self.story['title']}))
            put(r, 'response_length', len(attributes(r)['response']))
        if name == 'tool_result':
            put(r, 'duration_ms', runs[a['tool_use_id']])
            put(r, 'tool_result_size_bytes', results.get(a['tool_use_id'], 0))
            self.edit_points(r.time_unix_nano, a)
        if name == 'subagent_completed':
            put(r, 'total_tokens', self.context[a['agent_id']])
            put(r, 'model', agent[-1]['model'])
            put(r, 'final_model', agent[-1]['model'])
        if name == 'compaction':
            put(r, 'pre_tokens', compact['before'])
            put(r, 'post_tokens', compact['after'])
        self.logs.append(r)

    def use_points(self, t, use):
        who = 'auxiliary' if use['source'] in ('generate_session_title', 'compact') else 'subagent' if use['agent'] else 'main'
        attrs = {'model': use['model'], 'query_source': who, 'effort': 'medium'}
        if use['agent']:
            attrs['agent.name'] = 'Explore'
        self.points.append((t, 'claude_code.cost.usage', attrs, use['micros'] / 1e6))
        for kind, what in (('input', 'input'), ('output', 'output'), ('cacheRead', 'read'), ('cacheCreation', 'creation')):
            self.points.append((t, 'claude_code.token.usage', {**attrs, 'type': kind}, use[what]))
        self.points.append((t, 'claude_code.active_time.total', {'type': 'cli'}, use['duration'] / 1e3))

    def edit_points(self, t, a):
        if a['tool_name'] in ('Write', 'Edit') and a['success'] == 'true':
            self.points.append((t, 'claude_code.lines_of_code.count', {'type': 'added', 'model': self.model}, 3 if a['tool_name'] == 'Write' else 2))
            self.points.append((t, 'claude_code.lines_of_code.count', {'type': 'removed', 'model': self.model}, 0 if a['tool_name'] == 'Write' else 1))
            self.points.append((t, 'claude_code.code_edit_tool.decision',
                                {'tool_name': a['tool_name'], 'decision': 'accept', 'source': a.get('decision_source', 'config'), 'language': 'TypeScript'}, 1))

    def number(self):
        """The order is the client's; its numbers start at 0 here."""
        self.logs.sort(key=lambda r: r.time_unix_nano)
        for i, r in enumerate(self.logs):
            r.observed_time_unix_nano = r.time_unix_nano
            put(r, 'event.sequence', i)
            stamp = datetime.datetime.fromtimestamp(r.time_unix_nano // MS / 1000, datetime.timezone.utc)
            put(r, 'event.timestamp', stamp.strftime('%Y-%m-%dT%H:%M:%S.') + f'{r.time_unix_nano // MS % 1000:03}Z')
        turns = sorted((s for s in self.spans if s.name == 'claude_code.interaction'), key=lambda s: s.start_time_unix_nano)
        for i, s in enumerate(turns):
            put(s, 'interaction.sequence', i + 1)
        self.hooks.sort(key=lambda h: h[0])

    # -- exports

    def frames(self):
        end = self.hooks[-1][0] if self.hooks[-1][1]['hook_event_name'] == 'SessionEnd' else None
        for t, body in self.hooks:
            yield t + self.random.randint(2, 6) * MS, 'hook', '/hooks', {'content-type': 'application/json'}, json.dumps(body, separators=(',', ':'), ensure_ascii=False).encode()
        for signal, records, time, every in (('logs', self.logs, lambda r: r.time_unix_nano, LOGS_EVERY),
                                             ('traces', self.spans, lambda s: s.end_time_unix_nano, SPANS_EVERY)):
            for at, batch in self.batches(sorted(records, key=time), time, every, end):
                yield self.request(signal, at, self.envelope(signal, batch))
        for at, batch in self.batches(sorted(self.points, key=lambda p: p[0]), lambda p: p[0], METRICS_EVERY, end):
            yield self.request('metrics', at, self.metrics(at, batch))

    @staticmethod
    def batches(records, time, every, end):
        """A batch goes out one interval after its first record, and at the end of the process."""
        batch, due = [], 0
        for r in records:
            if batch and time(r) > due:
                yield due, batch
                batch = []
            if not batch:
                due = time(r) + int(every * S)
                due = min(due, end + 40 * MS) if end else due
            batch.append(r)
        if batch:
            yield due, batch

    def envelope(self, signal, batch):
        m = copy.deepcopy(getattr(capture('interactive'), 'envelope_' + signal))
        outer = getattr(m, {'logs': 'resource_logs', 'traces': 'resource_spans'}[signal])
        del outer[1:]
        inner = getattr(outer[0], {'logs': 'scope_logs', 'traces': 'scope_spans'}[signal])
        del inner[1:]
        records = getattr(inner[0], {'logs': 'log_records', 'traces': 'spans'}[signal])
        del records[:]
        records.extend(batch)
        return m

    def metrics(self, at, batch):
        c = capture('interactive')
        m = copy.deepcopy(c.envelope_metrics)
        del m.resource_metrics[1:]
        del m.resource_metrics[0].scope_metrics[1:]
        metrics = m.resource_metrics[0].scope_metrics[0].metrics
        del metrics[:]
        sums = {}
        for t, name, attrs, n in batch:
            key = (name, tuple(sorted(attrs.items())))
            sums[key] = sums.get(key, 0) + n
        for name in dict.fromkeys(k[0] for k in sums):
            metric = metrics.add()
            metric.CopyFrom(c.metrics[name])
            points = metric.sum.data_points
            del points[1:]
            shape = copy.deepcopy(points[0])
            del points[:]
            for (n, attrs), total in sums.items():
                if n != name:
                    continue
                p = points.add()
                p.start_time_unix_nano, p.time_unix_nano = batch[0][0], at
                p.as_double = round(total, 6)
                for key, v in [('user.id', digest('the developer')), ('session.id', self.id), ('terminal.type', 'xterm-256color'),
                               ('anthropic.provider', 'firstParty'), *attrs]:
                    x = p.attributes.add()
                    x.key, x.value.string_value = key, v
        return m

    def request(self, signal, at, message):
        at += self.random.randint(8, 30) * MS
        agent = 'OTel-OTLP-Exporter-JavaScript/0.208.0'
        path = '/v1/' + signal
        if self.story['wire'] == 'grpc':
            body = gzip.compress(message.SerializeToString(), mtime=0)
            service = {'logs': 'LogsService', 'traces': 'TraceService', 'metrics': 'MetricsService'}[signal]
            kind = {'logs': 'logs', 'traces': 'trace', 'metrics': 'metrics'}[signal]
            return (at, 'grpc', f'/opentelemetry.proto.collector.{kind}.v1.{service}/Export',
                    {'grpc-encoding': 'gzip', 'user-agent': agent + ' grpc-node-js/1.14.4', 'content-type': 'application/grpc'},
                    b'\x01' + len(body).to_bytes(4, 'big') + body)
        if self.story['wire'] == 'http/protobuf':
            body, kind = message.SerializeToString(), 'application/x-protobuf'
        else:
            body, kind = json.dumps(otlp_json(json_format.MessageToDict(message, use_integers_for_enums=True)), separators=(',', ':'), ensure_ascii=False).encode(), 'application/json'
        return at, 'http', path, {'content-type': kind, 'content-encoding': 'gzip', 'user-agent': agent}, gzip.compress(body, mtime=0)


def otlp_json(o):
    """Ids in hex, small integers as numbers: as the client writes them."""
    if isinstance(o, dict):
        return {k: base64.b64decode(v).hex() if k in ('traceId', 'spanId', 'parentSpanId') else int(v) if k == 'intValue' else otlp_json(v)
                for k, v in o.items()}
    return [otlp_json(x) for x in o] if isinstance(o, list) else o


def write(story, out):
    """Writes the lines that tests/tools/jsonl_to_recording reads, in order of arrival."""
    frames = [f for part in story for f in Session(part).frames()]
    for at, source, path, headers, body in sorted(frames, key=lambda f: f[0]):
        if at <= START + LENGTH * S:
            json.dump({'wall_ns': str(at), 'source': source, 'path': path, 'headers': headers, 'body': base64.b64encode(body).decode()}, out)
            out.write('\n')
