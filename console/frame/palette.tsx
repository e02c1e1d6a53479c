// Finds a ticket by its number, and lists, pages, people and actions of the page by their names.
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { User } from '../api/types';
import { t } from '../i18n/t';
import { searchFor, ticketNumber } from '../list/query';
import { bindings } from '../state/keys';
import { go } from '../state/router';
import { hasRight } from '../state/session';
import { saved, standard } from '../state/views';
import { Dialog } from '../ui/dialog';
import { Keys } from '../ui/keys';
import { findPeople } from '../ui/pickers';

interface Entry {
	name: string;
	keys?: string;
	run: () => void;
}

const MOST = 12;

const fixed = (): Entry[] => [
	{ name: t('home.title'), keys: 'g h', run: () => go('/') },
	...standard.value.map(view => ({ name: t(view.name), keys: `g ${view.key}`, run: () => go(`/tickets/?${view.query}`) })),
	...saved.value.map(view => ({ name: view.name, run: () => go(`/tickets/?${view.query}`) })),
	...bindings().filter(b => !b.keys.startsWith('g ') && b.keys !== 'j' && b.keys !== 'k').map(b => ({ name: t(b.does), keys: b.keys, run: b.run })),
	{ name: t('place.departments'), run: () => go('/departments/') },
	{ name: t('place.people'), run: () => go('/users/') },
	{ name: t('me.title'), run: () => go('/me') },
	{ name: t('me.password_set'), run: () => go('/me#password') },
	{ name: t('token.title'), run: () => go('/me#tokens') },
	...hasRight('admin') ? (['users', 'groups', 'settings'] as const).map(name =>
		({ name: `${t('place.admin')}: ${t(`admin.${name}`)}`, run: () => go(`/admin/${name}`) })) : [],
];

const find = (text: string, people: User[]): Entry[] => {
	const wanted = text.trim().toLowerCase();
	const id = ticketNumber(wanted);
	return [
		...id ? [{ name: t('palette.ticket', { id }), run: () => go(`/ticket/${id}`) }] : [],
		...fixed().filter(entry => wanted.split(/\s+/).every(word => entry.name.toLowerCase().includes(word))),
		...people.map(user => ({ name: t('palette.person', { name: user.name }), run: () => go(`/user/${user.id}`) })),
		...wanted && !id ? [{ name: t('palette.search', { text: text.trim() }), run: () => go(searchFor(text)) }] : [],
	].slice(0, MOST);
};

const usePeople = (text: string): User[] => {
	const [people, setPeople] = useState<User[]>([]);
	useEffect(() => {
		const abort = new AbortController();
		const timer = setTimeout(async () => {
			const found = text.trim().length < 2 ? [] : await findPeople(text, abort.signal).catch(() => []);
			if (!abort.signal.aborted)
				setPeople(found.slice(0, 5));
		}, 150);
		return () => { abort.abort(); clearTimeout(timer); };
	}, [text]);
	return people;
};

export const Palette = ({ onClose }: { onClose: () => void }) => {
	const id = useId();
	const [text, setText] = useState('');
	const [active, setActive] = useState(0);
	const entries = find(text, usePeople(text));
	const list = useRef<HTMLUListElement>(null);
	useEffect(() => setActive(0), [text]);
	useEffect(() => list.current?.children[active]?.scrollIntoView({ block: 'nearest' }), [active]);
	const chosen = useRef<Entry | null>(null);
	// When the dialog is gone and has given the focus back: an action is for what has the focus, or moves it.
	useEffect(() => () => { if (chosen.current) queueMicrotask(chosen.current.run); }, []);
	const run = (entry: Entry | undefined): void => {
		if (!entry || chosen.current)
			return;
		chosen.current = entry;
		onClose();
	};
	const onKeyDown = (event: KeyboardEvent): void => {
		const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
		if (by !== undefined && entries.length) {
			event.preventDefault();
			setActive((active + by + entries.length) % entries.length);
		} else if (event.key === 'Enter' && !event.isComposing) {
			event.preventDefault();
			run(entries[active]);
		}
	};
	return (
		<Dialog title={t('palette.title')} onClose={onClose}>
			<input class="palette" role="combobox" aria-label={t('palette.label')} placeholder={t('palette.hint')} autofocus autoComplete="off"
				aria-expanded="true" aria-controls={`${id}-list`} aria-activedescendant={entries.length ? `${id}-${active}` : undefined}
				value={text} onInput={event => setText(event.currentTarget.value)} onKeyDown={onKeyDown} />
			<ul ref={list} class="palette" id={`${id}-list`} role="listbox" aria-label={t('palette.title')}>
				{entries.map((entry, i) => (
					<li key={`${entry.name}${i}`} id={`${id}-${i}`} role="option" aria-selected={i === active}
						onMouseMove={() => setActive(i)} onClick={() => run(entry)}>
						<span class="name">{entry.name}</span>{entry.keys && <Keys of={entry.keys} />}
					</li>
				))}
			</ul>
		</Dialog>
	);
};
