// Requests to the desk. The session is a cookie that scripts cannot read, so there is no token here. Links in
// answers are absolute and carry the base URL of the desk's settings, which need not be the one that the page was
// opened with: local() keeps their path.

import { faultText } from '../i18n/faults';
import type { Fault } from './types';

// A request that was refused or got no answer; then `status` is 0.
export class Problem extends Error {
	constructor(
		readonly status: number,
		message: string,
		readonly code = '',
		readonly field = '',
		readonly faults: Fault[] = [],
		readonly retryAfter = 0, // s
		readonly body: Record<string, unknown> = {},
	) {
		super(message);
	}

	of(field: string): string | undefined {
		const fault = this.faults.find(fault => fault.field === field) ?? (this.field === field ? this : undefined);
		return fault && faultText(fault.code, fault.message);
	}
}

// The path that the desk is served below, with a slash at its end: '/' unless a proxy puts it deeper.
export const root = new URL('..', import.meta.url).pathname;

// The last folder of that name counts, as the base URL may have one, too.
export const local = (link: string): string => {
	const url = new URL(link, location.href);
	const below = /^.*\/(flicket(?:_uploads|-api)?\/.*)$/.exec(url.pathname)?.[1] ?? url.pathname.slice(1);
	return root + below + url.search;
};

const KEPT = 200;
const ATTEMPTS = 3;
const kept = new Map<string, { etag: string; body: unknown; note: string }>();
const AHEAD_MS = 5000;
const ahead = new Map<string, Promise<Response>>();
const listeners = { lost: () => {}, reached: (_: boolean) => {} };

// The client calls `lost` when the session has ended, and `reached` after each request: true if the desk answered.
export const listen = (to: Partial<typeof listeners>): void => void Object.assign(listeners, to);

// The next user must not get the answers to the one before.
export const forget = (): void => {
	kept.clear();
	ahead.clear();
};

const keep = (url: string, etag: string, body: unknown, note: string): void => {
	kept.delete(url);
	kept.set(url, { etag, body, note });
	if (kept.size > KEPT)
		kept.delete(kept.keys().next().value!);
};

const problemOf = async (response: Response): Promise<Problem> => {
	const body = await response.json().catch(() => ({})) as Record<string, unknown>;
	const text = (name: string): string => typeof body[name] === 'string' ? body[name] as string : '';
	return new Problem(response.status, text('detail') || text('message') || text('title') || text('error')
		|| response.statusText, text('code'), text('field'),
		Array.isArray(body.errors) ? body.errors as Fault[] : [],
		Number(response.headers.get('Retry-After') ?? 0), body);
};

export const wait = (seconds: number, signal?: AbortSignal): Promise<void> => new Promise((done, failed) => {
	const timer = setTimeout(done, seconds * 1000);
	signal?.addEventListener('abort', () => { clearTimeout(timer); failed(signal.reason); }, { once: true });
});

// For an Idempotency-Key. Not randomUUID(), which browsers have only for pages with TLS.
export const newKey = (): string =>
	[...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, '0')).join('');

interface Options {
	body?: unknown;
	signal?: AbortSignal;
	headers?: Record<string, string>;
	// A key of the caller's, so that sending a form again is not a second ticket.
	key?: string;
	// The client sends it up to this often while a part of the desk does not answer.
	attempts?: number;
}

const send = async (method: string, url: string, options: Options, known?: { etag: string }): Promise<Response> => {
	const form = options.body instanceof FormData || options.body instanceof Blob;
	const headers: Record<string, string> = { Accept: 'application/json, application/problem+json', ...options.headers };
	if (known)
		headers['If-None-Match'] = known.etag;
	if (method !== 'GET')
		headers['Flicket-Console'] = '1';
	if (method === 'POST')
		headers['Idempotency-Key'] = options.key!;
	if (options.body !== undefined && !form)
		headers['Content-Type'] = 'application/json';
	try {
		const response = await fetch(url, {
			method, headers, cache: 'no-store', signal: options.signal,
			// with a password in the request, a refusal would otherwise open the browser's own login
			credentials: headers.Authorization ? 'omit' : 'same-origin',
			body: options.body === undefined ? undefined : form ? options.body as BodyInit : JSON.stringify(options.body),
		});
		listeners.reached(true);
		return response;
	} catch (reason) {
		if (options.signal?.aborted)
			throw reason;
		listeners.reached(false);
		throw new Problem(0, '', 'unreachable');
	}
};

// Send a request before the part of the page that needs it is there: its first ask() takes the answer, if it comes soon.
export const askAhead = (path: string): void => {
	const url = `${root}flicket-api/${path}`, answer = send('GET', url, {});
	answer.catch(() => {}); // the part that needs it sees why
	ahead.set(url, answer);
	setTimeout(() => ahead.delete(url), AHEAD_MS);
};

const takeAhead = (method: string, url: string): Promise<Response> | undefined => {
	const answer = method === 'GET' ? ahead.get(url) : undefined;
	ahead.delete(url);
	return answer;
};

// A part of the desk may restart: a request that may be repeated is sent again after the time that the answer names.
const sendAgain = async (method: string, url: string, options: Options, known?: { etag: string }): Promise<Response> => {
	for (let attempt = 1; ; attempt++) {
		const response = await (takeAhead(method, url) ?? send(method, url, options, known));
		options.signal?.throwIfAborted();
		if (response.status !== 503 || attempt === (options.attempts ?? ATTEMPTS) || method === 'PATCH' || method === 'DELETE')
			return response;
		await wait(Number(response.headers.get('Retry-After') ?? 1), options.signal);
	}
};

export async function ask<Answer = unknown>(method: string, path: string, options: Options = {}): Promise<Answer> {
	const url = `${root}flicket-api/${path}`;
	const known = method === 'GET' ? kept.get(url) : undefined;
	const response = await sendAgain(method, url, method === 'POST' ? { key: newKey(), ...options } : options, known);
	if (response.status === 304 && known)
		return known.body as Answer;
	if (response.status === 401 && path !== 'session' && !options.headers?.Authorization)
		listeners.lost();
	if (!response.ok)
		throw await problemOf(response);
	if (response.status === 204)
		return undefined as Answer;
	const body = await response.json();
	const etag = response.headers.get('ETag');
	if (method === 'GET' && etag)
		keep(url, etag, body, response.headers.get('Search-Note') ?? '');
	return body as Answer;
}

export const get = <Answer>(path: string, signal?: AbortSignal): Promise<Answer> => ask<Answer>('GET', path, { signal });

// The tag of the last answer to a path, for If-Match.
export const tagOf = (path: string): string | undefined => kept.get(`${root}flicket-api/${path}`)?.etag;

// The desk's note on the search of a path: what it left out.
export const noteOf = (path: string): string => kept.get(`${root}flicket-api/${path}`)?.note ?? '';
