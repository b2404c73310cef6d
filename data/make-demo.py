#!/usr/bin/env python3
"""Makes the recording behind `claude-top demo` out of the captures in tests/data/captures.

    rm -f data/demo.ctj
    python3 data/make-demo.py | BUILD/tests/tools/jsonl_to_recording data/demo.ctj
    chmod 644 data/demo.ctj

Needs python3 with opentelemetry-proto. The captures are traffic of a real client, but their turns last a second
and their texts are those of a test. So each turn of a capture becomes a clip: its log records, spans and hooks, with
the ids, the order and the nesting that the client gave them. The story below puts clips into sessions and says what
is asked, which commands run and how long every model call, tool and permission prompt lasts. Time is stretched inside
such an interval only, for all records alike. Tokens and costs of one call are the same in its log record, its span
and the metrics. What was exported is then packed again as the client would: by signal, by interval, compressed.

The result is the same bytes each time (the recording itself adds a random salt)."""
import sys

from demo_traffic import HAIKU, OPUS, SONNET, write


def edited(path, lines, new):
    """The texts of a capture's Write, Read and Edit of one file of three lines, of which the second becomes two."""
    a, b, c = lines
    return {
        '/srv/project/out.txt': path, 'line1\nline2\nline3\n': f'{a}\n{b}\n{c}\n', 'line2': b,
        'line two\nextra': '\n'.join(new), ' line1': ' ' + a, '-line2': '-' + b, '+line two': '+' + new[0],
        '+extra': '+' + new[1], ' line3': ' ' + c,
        '1\tline1\n2\tline2\n3\tline3\n4\t': f'1\t{a}\n2\t{b}\n3\t{c}\n4\t',
    }


def looked(listing_command, listing, path, content, found):
    """The texts of the captures' sub-agent: one command, one file, one answer."""
    return {
        'ls -la': listing_command, 'list': 'Search the sources', 'total 16...': listing,
        '/srv/project/README.md': path, '# Demo\nhello\n': content,
        '1\t# Demo\n2\thello\n3\t': ''.join(f'{i + 1}\t{l}\n' for i, l in enumerate(content.split('\n')))[:-1],
        'Sub result: there is a README.': found,
    }


def clip(at, capture, prompts, prompt, llm, tools=(), waits=(), texts=None, **more):
    """A turn: when it starts, where it comes from, the prompt, seconds of each model call, tool run and wait."""
    return dict(at=at, capture=capture, prompts=prompts, prompt=prompt, llm=llm, tools=tools, waits=waits,
                texts=texts or {}, **more)


LIMITER = edited('/home/dev/api/src/limits.ts',
                 ("import { limit } from './limiter';", 'export const search = limit(60);', 'export const login = limit(10);'),
                 ("export const search = limit(60, 'minute');", "export const report = limit(5, 'minute');"))
PAGING = edited('/home/dev/api/src/paging.ts',
                ("import { Query } from './query';", 'export const size = (q: Query) => q.size;', 'export const first = 0;'),
                ('export const size = (q: Query) =>', '  Math.min(q.size ?? 50, 200);'))

STORY = [
    dict(name='api', branch='rate-limits', model=SONNET, wire='http/protobuf', starts=0.4, context=74000, title='Rate limits for the public API', clips=[
        clip(1.1, 'http-hooks', ['9b4ad5'], 'add rate limits to the public endpoints', [4.2, 5.1, 3.4, 3.8, 4.6],
             [2.3, 0.03, 0.02, 7.4, 0.04], texts={
                 **LIMITER, 'echo hello; ls': 'npm run lint', 'List files': 'Run the linter',
                 'hello\nREADME.md': '> eslint src\n\n0 problems', 'sleep 0.3; wc -l out.txt': 'npm test -- limits',
                 'Count lines': 'Run the tests of the limits', '3 out.txt': 'Tests: 14 passed, 14 total',
                 'Running a command.': 'The linter first, so that my changes stay visible.',
                 'Writing a file.': 'Now the limits, one place for all endpoints.',
                 'Two at once.': 'Reading it back while the tests run.',
                 'Finished the tool loop.': 'The public endpoints are limited: 60 searches and 10 logins a minute per key.'}),
        clip(47.0, 'failing-tool', ['f28107'], 'run the integration tests and fix what breaks', [3.9, 3.1, 2.6, 3.3, 5.2],
             [6.2, 0.02], texts={
                 'echo oops >&2; exit 3': 'npm run test:integration', 'Fail': 'Run the integration tests',
                 'Exit code 3\noops': 'Exit code 1\nFAIL test/paging.test.ts: expected 50 rows, got 200',
                 '/nonexistent/file.txt': '/home/dev/api/test/fixtures/rows.json',
                 'NoSuchTool': 'mcp__github__get_issue', '/srv/project/README.md': '/home/dev/api/src/paging.ts',
                 'Failures handled.': 'One test fails: without a size the paging returns 200 rows. The fixture is missing as well.'}),
        clip(82.0, 'tools-json', None, 'cap the page size and write a test for it', [5.2, 4.1, 6.3, 9.0, 9.0],
             [1.9, 0.03, 0.02, 9.8, 0.04], texts={
                 **PAGING, 'echo hello; ls': 'git diff --stat HEAD~1', 'List files': 'See what changed',
                 'hello\nREADME.md': ' src/limits.ts | 4 +++-\n 1 file changed', 'sleep 0.3; wc -l out.txt': 'npm test',
                 'Count lines': 'Run all tests', '3 out.txt': 'Tests: 212 passed, 212 total',
                 'Running a command.': 'First what the last change touched.', 'Writing a file.': 'The cap belongs here.',
                 'Two at once.': 'Reading it back while all tests run.',
                 'Finished the tool loop.': 'Pages have at most 200 rows now, 50 unless asked otherwise.'}),
    ]),
    dict(name='web-ui', branch='fix/login-test', model=OPUS, wire='http/json', starts=1.6, context=118000, title='Flaky login test', clips=[
        clip(2.9, 'subagent', None, 'why is the login test flaky?', [4.4, 4.1, 3.2, 5.0, 5.6], [0.9, 0.03], agent_model=HAIKU,
             texts={
                 **looked('grep -rn "refreshToken" src test', 'src/auth.ts:41: await refreshToken(user)\ntest/login.test.ts:18: refreshToken.mock',
                          '/home/dev/web-ui/src/auth.ts', 'export async function refreshToken(user) {\n  user.expires = Date.now() + 500;\n',
                          'The token lives 500 ms; the test waits 400 ms before its second request.'),
                 'general-purpose': 'Explore', 'Look around fg': 'explore the auth flow',
                 '[[sub]] look around the project': 'Find everything that refreshes or expires the login token. Report file and line.',
                 'Delegating fg.': 'I let a sub-agent read the auth flow.',
                 'Subagent fg finished.': 'The token expires after 500 ms, the test sleeps 400 ms: on a slow machine it is gone.'}),
        clip(32.0, 'interactive', ['dc77ed'], 'fix the flaky login test', [5.3, 4.8], [6.1], [25.5], texts={
            'touch /srv/project/perm.txt && echo perm': 'rm -rf dist/ && npm test -- login',
            'needs permission': 'Rebuild from nothing and run the login tests', 'perm': 'Tests: 9 passed, 9 total',
            'Permission handled.': 'The test uses a fake clock now and passes 50 times in a row.'}),
        clip(78.5, 'interactive', ['2529d7'], '/compact', [9.4], after=31000, texts={
            '<analysis>The user said hi.</analysis>\n<summary>1. Primary Request: testing. Conversation so far was a test.</summary>':
                '<analysis>One bug, found and fixed.</analysis>\n<summary>1. Primary request: make the login test reliable. It uses a fake clock now.</summary>'}),
        clip(95.0, 'interactive', ['dc77ed'], 'commit it and open a pull request', [5.6, 4.0], [3.0], [60.0], texts={
            'touch /srv/project/perm.txt && echo perm': 'git push -u origin fix/login-test',
            'needs permission': 'Push the branch', 'perm': "branch 'fix/login-test' set up to track 'origin/fix/login-test'",
            'Permission handled.': 'Pushed.'}),
    ]),
    dict(name='docs', branch='main', model=HAIKU, wire='http/protobuf', starts=5.0, context=34000, title='Mentions of the old API', clips=[
        clip(6.2, 'interactive', ['c1ea0a'], 'which pages still mention v1 of the API?', [8.7], texts={
            'Slow answer begins. word...': 'Three pages still mention it: quickstart.md, webhooks.md and the pagination guide. '
                                           'The first two only in a note; the guide describes the old cursor in full.'}),
        clip(22.0, 'interactive', ['d93b1d'], 'ok, list the ones to delete', [4.1], idle_notice=60.0, texts={
            'Hello from the fake model. All good.': 'Only pagination-v1.md; the other two need one sentence changed.'}),
    ]),
    dict(name='infra', branch='main', model=SONNET, wire='grpc', starts=8.2, context=52000, title='Drift in staging', clips=[
        clip(9.8, 'rate-limited-then-ok', None, 'does staging drift from the plan?', [15.5], texts={
            'After 429, ok.': 'Two resources drift: the cache size and one firewall rule. Shall I write the change?'}),
        clip(38.0, 'server-error-final', None, 'yes, as a pull request', [19.0], texts={}),
        clip(70.0, 'subagents-background', ['74637d', 'cd1201'], 'try again; check the modules in the background', [4.6, 6.2, 5.1, 6.3, 5.2, 4.4],
             [2.8, 0.03], agent_model=HAIKU, texts={
                 **looked('terraform validate modules/', 'Success! The configuration is valid.',
                          '/home/dev/infra/modules/cache/main.tf', 'resource "cache" "staging" {\n  size = "small"\n',
                          'All modules are valid; only modules/cache sets the size.'),
                 'general-purpose': 'Explore', 'Bg look': 'check the modules', '[[sub]] bg': 'Validate every module and say which one sets the cache size.',
                 'Background agent.': 'The modules are checked in the background.',
                 'Started it in background.': 'The change is small: one line in modules/cache, the rest is valid.'}),
    ]),
    dict(name='mobile', branch='dark-mode', model=OPUS, wire='http/json+gzip', starts=12.0, context=91000, title='Dark mode for settings', clips=[
        clip(13.5, 'interactive', ['26de55'], 'add dark mode to the settings screen', [4.7, 3.6, 5.0], [0.8, 1.4], [4.1, 2.2], texts={
            'mcp__demo__add': 'mcp__figma__get_tokens', 'mcp__demo__boom': 'mcp__figma__get_screen', 'add': 'get_tokens', 'boom': 'get_screen',
            'demo': 'figma', 'boom failed': 'no access to this file', '5': '{"surface":"#101418","text":"#e6e9ee"}',
            'MCP done.': 'I have the colours. The screen itself is not shared with this account.'}),
        clip(49.0, 'interactive', ['0deb67'], 'use these colours then', [5.9], [], [7.3], texts={
            '/srv/project/perm2.txt': '/home/dev/mobile/src/theme/colors.ts', 'x\n': "export const surface = '#101418';\n"}),
        clip(71.0, 'interactive', ['173bc1'], '/exit', [], ends=True),
    ]),
]

write(STORY, sys.stdout)
