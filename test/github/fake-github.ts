import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A GitHub API with one repository in memory, for Octokit to talk to. Paths, statuses, pagination
 * and the shapes of its answers are those of api.github.com (REST, 2022-11-28), with the fields
 * that nobody here reads left out.
 */
export interface FakeGithub {
  /** For GITHUB_API_URL. */
  readonly url: string;
  /** Every request: `METHOD /path`, in order. */
  readonly requests: string[];
  readonly state: GithubState;
  stop(): Promise<void>;
}

export interface GithubState {
  comments: { id: number; issue: number; login: string; body: string }[];
  issues: { number: number; login: string; title: string; body: string; state: string }[];
  pulls: {
    number: number;
    title: string;
    body: string;
    head: { label: string; ref: string; sha: string };
    base: string;
    state: string;
    files: { filename: string; previous_filename?: string }[];
  }[];
  refs: Record<string, string>;
  commits: Record<string, { tree: string; parents: string[]; message: string }>;
  trees: Record<string, { base: string | undefined; files: Record<string, string> }>;
  /** Files of the default branch of OWNER/REPO, by `OWNER/REPO/PATH`. */
  contents: Record<string, string>;
  artifacts: { id: number; name: string; expired: boolean }[];
}

/** The account that GITHUB_TOKEN of Actions acts as. */
export const BOT = 'github-actions[bot]';

export async function startFakeGithub(given: Partial<GithubState> = {}): Promise<FakeGithub> {
  const state: GithubState = {
    comments: [],
    issues: [],
    pulls: [],
    refs: {},
    commits: {},
    trees: {},
    contents: {},
    artifacts: [],
    ...given,
  };
  const requests: string[] = [];
  let lastId = 1000;
  const id = () => ++lastId;
  const sha = () => id().toString(16).padStart(40, '0');

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    requests.push(`${request.method} ${url.pathname}`);
    const body = await readJson(request);
    const answer = route(request.method ?? 'GET', url, body) ?? {
      status: 404,
      value: { message: 'Not Found', documentation_url: 'https://docs.github.com/rest' },
    };
    const paged = Array.isArray(answer.value) ? page(answer.value, url) : undefined;
    const raw = typeof answer.value === 'string';
    response.writeHead(answer.status, {
      'Content-Type': raw
        ? 'application/vnd.github.raw+json; charset=utf-8'
        : 'application/json; charset=utf-8',
      'X-GitHub-Media-Type': 'github.v3; format=json',
      ...(paged?.link ? { Link: paged.link } : {}),
    });
    response.end(raw ? answer.value : JSON.stringify(paged?.items ?? answer.value));
  });

  function route(
    method: string,
    url: URL,
    // biome-ignore lint/suspicious/noExplicitAny: what a client sends has any shape.
    body: any,
  ): { status: number; value: unknown } | undefined {
    if (url.pathname === '/graphql') {
      return { status: 200, value: { data: { viewer: { login: BOT } } } };
    }
    const [, , owner = '', repo = '', ...rest] = url.pathname.split('/').map(decodeURIComponent);
    const call = `${method} /${rest.join('/')}`;
    const ok = (value: unknown, status = 200) => ({ status, value });
    const number = Number(rest[1]);
    const base = `https://api.github.com/repos/${owner}/${repo}`;

    if (method === 'GET' && rest[0] === 'contents') {
      const text = state.contents[`${owner}/${repo}/${rest.slice(1).join('/')}`];
      return text === undefined ? undefined : ok(text);
    }
    if (/^GET \/issues\/\d+\/comments$/.test(call)) {
      return ok(state.comments.filter(({ issue }) => issue === number).map(toComment));
    }
    if (/^POST \/issues\/\d+\/comments$/.test(call)) {
      const comment = { id: id(), issue: number, login: BOT, body: body.body };
      state.comments.push(comment);
      return ok(toComment(comment), 201);
    }
    if (/^PATCH \/issues\/comments\/\d+$/.test(call)) {
      const comment = state.comments.find((item) => item.id === Number(rest[2]));
      if (!comment) return undefined;
      if (comment.login !== BOT) {
        return ok({ message: 'Resource not accessible by integration' }, 403);
      }
      comment.body = body.body;
      return ok(toComment(comment));
    }
    if (call === 'GET /issues') {
      const creator = url.searchParams.get('creator');
      return ok(state.issues.filter(({ login }) => !creator || login === creator).map(toIssue));
    }
    if (call === 'POST /issues') {
      const issue = { number: id(), login: BOT, state: 'open', title: body.title, body: body.body };
      state.issues.push(issue);
      return ok(toIssue(issue), 201);
    }
    if (/^PATCH \/issues\/\d+$/.test(call)) {
      const issue = state.issues.find((item) => item.number === number);
      if (!issue) return undefined;
      Object.assign(issue, body);
      return ok(toIssue(issue));
    }
    if (call === 'GET /pulls') {
      const head = url.searchParams.get('head');
      const open = url.searchParams.get('state') !== 'all';
      return ok(
        state.pulls
          .filter((pull) => (!head || pull.head.label === head) && (!open || pull.state === 'open'))
          .map(toPull),
      );
    }
    if (call === 'POST /pulls') {
      const pull = {
        number: id(),
        title: body.title,
        body: body.body,
        head: {
          label: `${owner}:${body.head}`,
          ref: body.head,
          sha: state.refs[`heads/${body.head}`] ?? '',
        },
        base: body.base,
        state: 'open',
        files: [],
      };
      state.pulls.push(pull);
      return ok(toPull(pull), 201);
    }
    if (/^PATCH \/pulls\/\d+$/.test(call)) {
      const pull = state.pulls.find((item) => item.number === number);
      if (!pull) return undefined;
      pull.title = body.title;
      pull.body = body.body;
      return ok(toPull(pull));
    }
    if (/^GET \/pulls\/\d+\/files$/.test(call)) {
      const pull = state.pulls.find((item) => item.number === number);
      return pull && ok(pull.files.map((file) => ({ sha: sha(), status: 'modified', ...file })));
    }
    if (/^GET \/actions\/runs\/\d+\/artifacts$/.test(call)) {
      const name = url.searchParams.get('name');
      const artifacts = state.artifacts.filter((item) => !name || item.name === name);
      return ok({ total_count: artifacts.length, artifacts });
    }
    if (call.startsWith('GET /git/ref/')) {
      const ref = rest.slice(2).join('/');
      const target = state.refs[ref];
      if (!target) return undefined;
      return ok({ ref: `refs/${ref}`, object: { type: 'commit', sha: target } });
    }
    if (call.startsWith('PATCH /git/refs/')) {
      const ref = rest.slice(2).join('/');
      if (!(ref in state.refs)) return ok({ message: 'Reference does not exist' }, 422);
      state.refs[ref] = body.sha;
      return ok({ ref: `refs/${ref}`, object: { type: 'commit', sha: body.sha } });
    }
    if (call === 'POST /git/refs') {
      state.refs[body.ref.replace(/^refs\//, '')] = body.sha;
      return ok({ ref: body.ref, object: { type: 'commit', sha: body.sha } }, 201);
    }
    if (call.startsWith('GET /git/commits/')) {
      const commit = state.commits[rest[2] ?? ''];
      return commit && ok({ sha: rest[2], tree: { sha: commit.tree }, message: commit.message });
    }
    if (call === 'POST /git/trees') {
      const tree = sha();
      state.trees[tree] = {
        base: body.base_tree,
        files: Object.fromEntries(
          body.tree.map((item: { path: string; content: string }) => [item.path, item.content]),
        ),
      };
      return ok({ sha: tree, url: `${base}/git/trees/${tree}`, tree: [], truncated: false }, 201);
    }
    if (call === 'POST /git/commits') {
      const commit = sha();
      state.commits[commit] = { tree: body.tree, parents: body.parents, message: body.message };
      return ok({ sha: commit, tree: { sha: body.tree }, message: body.message }, 201);
    }
    return undefined;
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    state,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function toUser(login: string) {
  return { login, id: 41898282, type: login.endsWith('[bot]') ? 'Bot' : 'User' };
}

function toComment({ id, issue, login, body }: GithubState['comments'][number]) {
  return {
    id,
    body,
    user: toUser(login),
    issue_url: `https://api.github.com/repos/acme/catalog/issues/${issue}`,
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
    author_association: 'NONE',
  };
}

function toIssue({ number, login, title, body, state }: GithubState['issues'][number]) {
  return { number, title, body, state, user: toUser(login), labels: [], locked: false };
}

function toPull({ number, title, body, head, base, state }: GithubState['pulls'][number]) {
  return { number, title, body, state, head, base: { ref: base }, draft: false, merged_at: null };
}

/** GitHub's pages: `per_page` items, and a Link header while there are more. */
function page(items: unknown[], url: URL): { items: unknown[]; link: string | undefined } {
  const size = Number(url.searchParams.get('per_page') ?? 30);
  const number = Number(url.searchParams.get('page') ?? 1);
  const next = new URL(url);
  next.searchParams.set('page', String(number + 1));
  const hasMore = number * size < items.length;
  return {
    items: items.slice((number - 1) * size, number * size),
    // Relative to the client's base URL, as its port is not known here.
    link: hasMore ? `<${next.pathname}${next.search}>; rel="next"` : undefined,
  };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text ? JSON.parse(text) : undefined;
}
