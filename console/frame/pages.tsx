// Which page a path shows. Flicket's own paths lead to the same things, so that old links go on working.

import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../i18n/t';
import { List } from '../list/list';
import { pathOf, place, returning, stay } from '../state/router';
import { hasRight, session } from '../state/session';
import { standard } from '../state/views';
import { Link } from '../ui/link';
import { Home } from './home';

type Loader = () => Promise<{ default: (props: { id: number }) => ComponentChildren }>;

// What is not needed for the first list comes when it is wanted.
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
	[/^\/ticket\/(\d+)$/, 'ticket'],
	[/^\/new$/, 'new'],
	[/^\/users\/?$/, 'people'],
	[/^\/user\/(\d+)$/, 'person'],
	[/^\/departments\/?$/, 'departments'],
	[/^\/me$/, 'me'],
	[/^\/admin\/?(?:users)?$/, 'adminUsers'],
	[/^\/admin\/groups$/, 'adminGroups'],
	[/^\/admin\/settings$/, 'adminSettings'],
];

const query = (name: string): string => standard.value.find(view => view.name === `view.${name}`)?.query ?? '';

const aliases: [RegExp, (match: RegExpExecArray) => string][] = [
	[/^\/login\/?$/, () => '/'],
	[/^\/ticket_view\/(\d+)/, match => `/ticket/${match[1]}`],
	[/^\/ticket_create\/?$/, () => '/new'],
	[/^\/my_tickets\//, () => `/tickets/?${query('reported')}`],
	[/^\/subscribed\//, () => `/tickets/?${query('followed')}`],
	[/^\/categories\//, () => '/departments/'],
	[/^\/user_details\/?$/, () => '/me'],
	[/^\/flicket_admin\/config\//, () => '/admin/settings'],
	[/^\/flicket_admin\/groups\//, () => '/admin/groups'],
	[/^\/flicket_admin\//, () => '/admin/users'],
];

const Missing = () => {
	document.title = `${t('missing.title')} – ${session.value!.title}`;
	return (
		<main id="main" class="page" tabIndex={-1}>
			<h1>{t('missing.title')}</h1>
			<p>{t('missing.text')}</p>
			<p><Link to="/tickets/" class="button">{t('missing.list')}</Link></p>
		</main>
	);
};

const Later = ({ name, id }: { name: keyof typeof later; id: number }) => {
	const [loaded, setLoaded] = useState<{ name: string; Part: (props: { id: number }) => ComponentChildren } | null>(null);
	useEffect(() => {
		(later[name] as Loader)().then(part => setLoaded({ name, Part: part.default }), () => location.reload());
	}, [name]);
	if (loaded?.name !== name)
		return <main id="main" class="page" aria-busy="true" tabIndex={-1} />;
	return <loaded.Part key={`${name}${id}`} id={id} />;
};

export const Page = () => {
	const path = pathOf(place.value);
	const first = useRef(true);
	useEffect(() => {
		if (!first.current && !returning && !document.querySelector('dialog[open]'))
			document.getElementById('main')?.focus({ preventScroll: true });
		first.current = false;
	}, [path]);
	for (const [form, to] of aliases) {
		const match = form.exec(path);
		if (match) {
			queueMicrotask(() => stay(to(match)));
			return null;
		}
	}
	const [form, name] = pages.find(([form]) => form.test(path)) ?? [];
	if (!form || !name || (name.startsWith('admin') && !hasRight('admin')))
		return <Missing />;
	if (name === 'home')
		return <Home />;
	return name === 'list' ? <List /> : <Later name={name} id={Number(form.exec(path)![1] ?? 0)} />;
};

