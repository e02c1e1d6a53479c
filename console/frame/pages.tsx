// Which page a path shows. Flicket's own paths lead to the same things, so that old links go on working.

import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { askAhead, type Problem } from '../api/client';
import { t, type Key } from '../i18n/t';
import { List } from '../list/list';
import { requestOf } from '../list/query';
import { pathOf, place, queryOf, stay } from '../state/router';
import { begin, hasRight, isThere } from '../state/session';
import { standardView } from '../state/views';
import { asProblem, Refusal } from '../ui/field';
import { Link } from '../ui/link';
import { Page as Frame } from '../ui/page';
import { useArrival } from './arrival';
import { Home } from './home';

type Loader = () => Promise<{ default: (props: { id: number }) => ComponentChildren }>;

// The first list does not need these pages: the browser loads each when the user opens it.
const later = {
	ticket: () => import('../ticket/ticket'),
	new: () => import('../ticket/new'),
	people: () => import('../people/people'),
	person: () => import('../people/person'),
	departments: () => import('../people/departments'),
	me: () => import('../me/me'),
	adminUsers: () => import('../admin/users'),
	adminGroups: () => import('../admin/groups'),
	adminSettings: () => import('../admin/settings'),
} satisfies Record<string, Loader>;

const pages: [RegExp, keyof typeof later | 'list' | 'home'][] = [
	[/^\/$/, 'home'],
	[/^\/tickets\/?$/, 'list'],
	[/^\/ticket\/(\d+)\/?$/, 'ticket'],
	[/^\/new\/?$/, 'new'],
	[/^\/users\/?$/, 'people'],
	[/^\/user\/(\d+)\/?$/, 'person'],
	[/^\/departments\/?$/, 'departments'],
	[/^\/me\/?$/, 'me'],
	[/^\/admin\/users\/?$/, 'adminUsers'],
	[/^\/admin\/groups\/?$/, 'adminGroups'],
	[/^\/admin\/settings\/?$/, 'adminSettings'],
];

const aliases: [RegExp, (match: RegExpExecArray, query: URLSearchParams) => string][] = [
	[/^\/(?:login|logout)\/?$/, () => '/'],
	[/^\/tickets\/(\d+)\/?$/, (match, query) => `/tickets/?${new URLSearchParams([...query, ['page', match[1]!]])}`],
	[/^\/(?:ticket_view|edit_ticket|ticket_assign|ticket_department_category)\/(\d+)(?:\/|$)/, match => `/ticket/${match[1]}`],
	[/^\/ticket_create\/?$/, () => '/new'],
	[/^\/my_tickets(?:\/|$)/, () => `/tickets/?${standardView('reported').query}`],
	[/^\/subscribed(?:\/|$)/, () => `/tickets/?${standardView('followed').query}`],
	[/^\/(?:departments|categories)\/./, () => '/departments/'],
	[/^\/user_details\/?$/, () => '/me'],
	[/^\/flicket_admin\/config(?:\/|$)/, () => '/admin/settings'],
	[/^\/flicket_admin\/groups(?:\/|$)/, () => '/admin/groups'],
	[/^\/(?:flicket_admin(?:\/|$)|admin\/?$)/, () => '/admin/users'],
];

const Instead = ({ title, text }: { title: Key; text: Key }) => (
	<Frame title={t(title)}>
		<p>{t(text)}</p>
		<p><Link to="/tickets/" class="button">{t('missing.list')}</Link></p>
	</Frame>
);

const RELOADED = 'flicket-reloaded';
const RELOAD_MS = 60 * 1000;

// A missing part belongs to an older version of the console: the page reloads, but not again within a minute.
const reloadOnce = async (): Promise<void> => {
	await begin();
	if (Date.now() - Number(sessionStorage.getItem(RELOADED) ?? 0) < RELOAD_MS)
		return;
	sessionStorage.setItem(RELOADED, String(Date.now()));
	location.reload();
};

const Later = ({ name, id }: { name: keyof typeof later; id: number }) => {
	const [loaded, setLoaded] = useState<{ name: string; Part: (props: { id: number }) => ComponentChildren } | null>(null);
	const [problem, setProblem] = useState<Problem | null>(null);
	const load = (): void => {
		setProblem(null);
		(later[name] as Loader)().then(part => setLoaded({ name, Part: part.default }),
			() => reloadOnce().catch(reason => setProblem(asProblem(reason))));
	};
	const isAsked = isThere.value;
	useEffect(() => { if (isAsked) load(); }, [name, isAsked]);
	if (loaded?.name !== name)
		return <main id="main" class="page" aria-busy={!problem} tabIndex={-1}><Refusal problem={problem} again={load} /></main>;
	return <loaded.Part key={`${name}${id}`} id={id} />;
};

const find = (path: string) => pages.find(([form]) => form.test(path)) ?? [];

export const loadPageAhead = (): void => {
	const [, name] = find(pathOf(place.value));
	if (name === 'list')
		askAhead(requestOf(queryOf(place.value)));
	else if (name && name !== 'home')
		later[name]().catch(() => {});
};

export const Page = () => {
	const path = pathOf(place.value);
	useArrival();
	for (const [form, to] of aliases) {
		const match = form.exec(path);
		if (match) {
			queueMicrotask(() => stay(to(match, queryOf(place.value))));
			return null;
		}
	}
	const [form, name] = find(path);
	if (!form || !name)
		return <Instead title="missing.title" text="missing.text" />;
	if (name.startsWith('admin') && !hasRight('admin'))
		return <Instead title="forbidden.title" text="forbidden.admin" />;
	if (name === 'home')
		return <Home />;
	return name === 'list' ? <List /> : <Later name={name} id={Number(form.exec(path)![1] ?? 0)} />;
};
