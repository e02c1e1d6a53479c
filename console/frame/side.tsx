import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { View } from '../api/types';
import { number, t } from '../i18n/t';
import { isShown, searchFor, ticketNumber } from '../list/query';
import { dropDrafts } from '../state/drafts';
import { go, pathOf, place, queryOf } from '../state/router';
import { hasRight, logOut, mayWrite, me, session } from '../state/session';
import { say } from '../state/toasts';
import { counts, deleteView, mayChange, moveView, saved, saveView, standard } from '../state/views';
import { Icon, type IconName } from '../ui/icon';
import { Link } from '../ui/link';
import { attempt } from '../ui/page';
import { Avatar } from '../ui/person';

interface ViewProps {
	name: string;
	query: string;
	icon: IconName;
	children?: ComponentChildren; // buttons, while the list is shown
}

const ViewLink = ({ name, query, icon, children }: ViewProps) => {
	const count = counts.value.get(query);
	return (
		<li>
			<Link to={`/tickets/?${query}`} aria-current={isShown(query) ? 'page' : undefined}>
				<Icon name={icon} /><span class="name">{name}</span>
				{count !== undefined && <span class="count">{number(count)}</span>}
			</Link>
			{isShown(query) && children}
		</li>
	);
};

const Change = ({ icon, label, onClick }: { icon: IconName; label: string; onClick: () => void }) => (
	<button type="button" class="plain" aria-label={label} title={label} onClick={onClick}><Icon name={icon} /></button>
);

const drop = async ({ id, name, query, shared }: View): Promise<void> => {
	if (!await attempt(() => deleteView(id)))
		return;
	say(t('view.was_deleted', { name }), () => void attempt(() => saveView(name, query, shared)));
	document.getElementById('main')?.focus({ preventScroll: true });
};

const SavedLink = ({ view }: { view: View }) => {
	const { id, name, query } = view, own = saved.value.filter(mayChange), at = own.findIndex(other => other.id === id);
	const move = (by: 1 | -1): void => void attempt(() => moveView(id, by));
	return (
		<ViewLink name={name} query={query} icon="bookmark">
			{at > 0 && <Change icon="up" label={t('view.up', { name })} onClick={() => move(-1)} />}
			{at !== -1 && at < own.length - 1 && <Change icon="down" label={t('view.down', { name })} onClick={() => move(1)} />}
			{at !== -1 && <Change icon="close" label={t('view.delete', { name })} onClick={() => void drop(view)} />}
		</ViewLink>
	);
};

const Search = () => {
	const [text, setText] = useState(queryOf(place.value).get('content') ?? '');
	const submit = (event: Event): void => {
		event.preventDefault();
		const id = ticketNumber(text);
		go(id ? `/ticket/${id}` : searchFor(text));
		document.getElementById('main')?.focus();
	};
	return (
		<form role="search" onSubmit={submit}>
			<input id="search" type="search" value={text} aria-label={t('search.label')} placeholder={t('search.hint')}
				onInput={event => setText(event.currentTarget.value)} />
		</form>
	);
};

const PLACES = [
	{ to: '/departments/', below: '/departments', name: 'place.departments', icon: 'departments', right: null },
	{ to: '/users/', below: '/user', name: 'place.people', icon: 'people', right: null },
	{ to: '/admin/users', below: '/admin', name: 'place.admin', icon: 'admin', right: 'admin' },
] as const;

export const Side = ({ onPalette, onHelp }: { onPalette: () => void; onHelp: () => void }) => {
	const leave = (): void => {
		const { id } = me.value!;
		void attempt(async () => { await logOut(); dropDrafts(id); });
	};
	const here = pathOf(place.value);
	return (
		<nav class="side" id="side" aria-label={t('side')}>
			<div class="brand">
				<Link to="/" class="title">{session.value!.title}</Link>
				{mayWrite() && <Link to="/new" class="button primary"><Icon name="plus" /> {t('new')}</Link>}
			</div>
			<Search key={queryOf(place.value).get('content') ?? ''} />
			<div class="views">
				<ul>
					<li><Link to="/" aria-current={here === '/' ? 'page' : undefined}><Icon name="home" /><span class="name">{t('home.title')}</span></Link></li>
					{standard.value.map(view => <ViewLink key={view.key} name={t(view.name)} query={view.query} icon={view.icon} />)}
				</ul>
				{saved.value.length > 0 && <>
					<h2>{t('view.saved')}</h2>
					<ul>{saved.value.map(view => <SavedLink key={view.id} view={view} />)}</ul>
				</>}
				<ul class="places">{PLACES.filter(p => !p.right || hasRight(p.right)).map(p => (
					<li key={p.to}><Link to={p.to} aria-current={here.startsWith(p.below) ? 'page' : undefined}><Icon name={p.icon} /><span class="name">{t(p.name)}</span></Link></li>
				))}</ul>
			</div>
			<div class="foot">
				<button type="button" class="plain" onClick={onPalette}><Icon name="search" /><span class="name">{t('palette.title')}</span> <kbd>Ctrl K</kbd></button>
				<button type="button" class="plain" onClick={onHelp}><Icon name="help" /><span class="name">{t('help.title')}</span> <kbd>?</kbd></button>
			</div>
			<div class="self">
				<Link to="/me" class="person">
					<Avatar user={me.value!} /><span class="name">{me.value!.name}</span><span class="hidden">, {t('me.title')}</span>
				</Link>
				<button type="button" class="plain" title={t('logout')} aria-label={t('logout')} onClick={leave}><Icon name="leave" /></button>
			</div>
		</nav>
	);
};
