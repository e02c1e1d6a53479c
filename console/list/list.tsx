// A list of tickets. The query of the URL is the list: filters, words, sort and page.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { Ticket } from '../api/types';
import { noteText } from '../i18n/faults';
import { number, t } from '../i18n/t';
import { useKeys, type Binding } from '../state/keys';
import { go, place, queryOf } from '../state/router';
import { mayMove, mayWrite, session } from '../state/session';
import { countViews, saved, standard } from '../state/views';
import { actAtOnce, Ask, type What } from './ask';
import { Bulk } from './bulk';
import type { Act } from './change';
import { Chips } from './chips';
import { current, move } from './cursor';
import { useList, type Shown } from './data';
import { Empty, Trouble } from './empty';
import { Filters } from './filters';
import { undoOf, useJob } from './job';
import { atPage, isShown, pageOf, PER_PAGE } from './query';
import { Row } from './row';
import { useSelection, type Selection } from './selection';

const SKELETONS = 12;

const titleOf = (query: URLSearchParams): string => {
	const found = standard.value.find(view => isShown(view.query));
	if (found)
		return t(found.name);
	return saved.value.find(view => isShown(view.query))?.name ?? (query.get('content') ? t('search.title') : t('list.title'));
};

// Another page of the list; the focus goes to its top, from where j goes to the first ticket.
const turn = (query: URLSearchParams, page: number): void => {
	go(atPage(query, page));
	document.getElementById('main')?.focus({ preventScroll: true });
};

const Pages = ({ query, shown }: { query: URLSearchParams; shown: Shown }) => {
	const page = pageOf(query);
	return (
		<nav class="pages" aria-label={t('pages.label')}>
			<button type="button" disabled={page <= 1} onClick={() => turn(query, 1)}>{t('pages.first')}</button>
			<button type="button" disabled={page <= 1} onClick={() => turn(query, page - 1)}>{t('pages.previous')}</button>
			<span>{t('pages.range', { from: (page - 1) * PER_PAGE + 1, to: Math.min(page * PER_PAGE, shown.total), n: shown.total })}</span>
			<button type="button" disabled={page >= shown.pages} onClick={() => turn(query, page + 1)}>{t('pages.next')}</button>
			<button type="button" disabled={page >= shown.pages} onClick={() => turn(query, shown.pages)}>{t('pages.last')}</button>
		</nav>
	);
};

// Says that tickets came, and shows them when asked to: a row does not move away from a pointer.
const News = ({ shown, waiting, onShow }: { shown: Shown; waiting: Shown; onShow: () => void }) => {
	const known = new Set(shown.items.map(ticket => ticket.id));
	const count = waiting.items.filter(ticket => !known.has(ticket.id)).length;
	return <button type="button" class="news" onClick={onShow}>{count ? t('list.newer', { n: count }) : t('list.moved')}</button>;
};

// Another list is drawn into the rows of the one before, which costs half of new rows. Within a list a row stays with its
// ticket.
const useSlots = (list: string, items: Ticket[]): Map<number, number> => {
	const now = useRef({ list: '', slots: new Map<number, number>(), free: 0 });
	if (now.current.list !== list)
		now.current = { list, slots: new Map(), free: 0 };
	const { slots } = now.current;
	for (const { id } of items)
		if (!slots.has(id))
			slots.set(id, now.current.free++);
	return slots;
};

const DIM_MS = 100;

// Whether something has been so for a while. An animation with a delay would give the rows a layer of their own at once.
const useLate = (is: boolean): boolean => {
	const [isLate, setLate] = useState(false);
	useEffect(() => {
		const timer = is ? setTimeout(() => setLate(true), DIM_MS) : 0;
		return () => { clearTimeout(timer); setLate(false); };
	}, [is]);
	return is && isLate;
};

interface TableProps {
	title: string;
	list: string;
	items: Ticket[];
	isOld: boolean;
	isLoading: boolean;
	isSearch: boolean;
	selection: Selection;
	isSelecting: boolean;
}

const Table = ({ title, list, items, isOld, isLoading, isSearch, selection, isSelecting }: TableProps) => {
	const slots = useSlots(list, items), isDim = useLate(isOld);
	return (
		<table class={`${isDim ? 'old' : ''} ${isSelecting || selection.selected.size ? 'selecting' : ''}`} aria-busy={isOld || isLoading}>
			<caption class="hidden">{title}</caption>
			<thead><tr>
				<th scope="col" class="select"><label><input type="checkbox" checked={selection.isAll} aria-label={t('list.select_all')} onChange={selection.toggleAll} /></label></th>
				<th scope="col" class="bars"><span class="hidden">{t('ticket.priority')}</span></th>
				<th scope="col" class="number">{t('ticket.id')}</th>
				<th scope="col" class="what">{t('ticket.title')}</th>
				<th scope="col">{t('ticket.status')}</th>
				<th scope="col" class="wide">{t('ticket.assignee')}</th>
				<th scope="col" class="wider">{t('ticket.reporter')}</th>
				<th scope="col" class="number wide">{t('ticket.replies')}</th>
				<th scope="col" class="number">{t('ticket.updated')}</th>
			</tr></thead>
			<tbody>
				{isLoading && Array.from({ length: SKELETONS }, (_, i) => <tr key={`s${i}`} class="skeleton" aria-hidden="true"><td colSpan={9}><i /></td></tr>)}
				{items.map(ticket => <Row key={slots.get(ticket.id)} ticket={ticket} isSearch={isSearch} isSelected={selection.selected.has(ticket.id)} onSelect={selection.select} />)}
			</tbody>
		</table>
	);
};

// Keys and the bar change the selected tickets, else the one that has the focus.
const useActs = (query: URLSearchParams, shown: Shown | null, selection: Selection, refresh: () => void) => {
	const [asked, setAsked] = useState<{ what: What; tickets: Ticket[]; isEvery: boolean } | null>(null);
	const job = useJob(query, refused => {
		selection.set(new Set(refused.map(ticket => ticket.id)));
		refresh();
		void countViews().catch(() => {});
	});
	const run = (what: What, act: Act, tickets: Ticket[], isEvery: boolean): void => {
		setAsked(null);
		const only = tickets.length === 1 && !isEvery ? tickets[0]! : null;
		if (only)
			void job.runOne(act, only, what === 'claim' ? t('done.claimed', { id: String(only.id) })
				: what === 'close' ? t('done.closed', { id: String(only.id) }) : t('done.is', { id: String(only.id), what: act.name }));
		else
			void (isEvery ? job.runEvery(act) : job.runMany(act, tickets));
	};
	const ask = (what: What): void => {
		const focused = shown?.items.find(ticket => ticket.id === current());
		const tickets = selection.chosen.length ? selection.chosen : focused ? [focused] : [];
		const act = selection.isEvery ? null : actAtOnce(what, tickets.length);
		if (tickets.length === 0 || job.progress || !mayWrite())
			return;
		if (act)
			run(what, act, tickets, false);
		else
			setAsked({ what, tickets, isEvery: selection.isEvery });
	};
	const dialog = asked && (
		<Ask what={asked.what} count={asked.isEvery ? shown!.total : asked.tickets.length} ticket={asked.isEvery || asked.tickets.length > 1 ? undefined : asked.tickets[0]}
			onAct={act => run(asked.what, act, asked.tickets, asked.isEvery)} onClose={() => setAsked(null)} />
	);
	return { job, ask, dialog };
};

const keysOf = (query: URLSearchParams, shown: Shown | null, selection: Selection, ask: (what: What) => void, undo: (() => void) | undefined): Binding[] => {
	const page = pageOf(query), pages = shown?.pages ?? 1;
	const withCurrent = (does: (id: number) => void) => (): void => { const id = current(); if (id) does(id); };
	return [
		{ keys: 'j', does: 'key.next', run: () => move(1) },
		{ keys: 'k', does: 'key.previous', run: () => move(-1) },
		{ keys: 'o', does: 'key.open', run: withCurrent(id => go(`/ticket/${id}`)) },
		{ keys: 'x', does: 'key.select', run: withCurrent(id => selection.select(id, false)) },
		{ keys: 'X', does: 'key.select_to', run: withCurrent(id => selection.select(id, true)) },
		{ keys: '*', does: 'key.select_all', run: selection.toggleAll },
		...mayWrite() ? [
			{ keys: 'i', does: 'action.claim', run: () => ask('claim') },
			{ keys: 'a', does: 'action.assign', run: () => ask('assign') },
			{ keys: 's', does: 'bulk.status', run: () => ask('status') },
			{ keys: 'p', does: 'bulk.priority', run: () => ask('priority') },
			...mayMove() ? [{ keys: 'l', does: 'bulk.category', run: () => ask('category') } satisfies Binding] : [],
			{ keys: 'e', does: 'action.close', run: () => ask('close') },
		] satisfies Binding[] : [],
		...undo ? [{ keys: 'z', does: 'toast.undo', run: undo } satisfies Binding] : [],
		{ keys: '[', does: 'pages.previous', run: () => page > 1 && turn(query, page - 1) },
		{ keys: ']', does: 'pages.next', run: () => page < pages && turn(query, page + 1) },
	];
};

export const List = () => {
	const query = queryOf(place.value), key = query.toString();
	const { shown, problem, waiting, isOld, showWaiting, refresh } = useList(query);
	const items = problem && isOld ? [] : shown?.items ?? [];
	const selection = useSelection(items, key);
	const [isSelecting, setSelecting] = useState(false);
	const { job, ask, dialog } = useActs(query, shown, selection, refresh);
	useKeys(keysOf(query, shown, selection, ask, undoOf(job)));
	const title = titleOf(query);
	document.title = `${title} – ${session.value!.title}`;
	const toggleSelecting = (): void => { selection.clear(); setSelecting(!isSelecting); };
	return (
		<main id="main" class="list" tabIndex={-1}>
			<header class="bar">
				<h1 tabIndex={-1}><bdi>{title}</bdi> <span class="count" aria-live="polite">{shown && !isOld ? number(shown.total) : ''}</span></h1>
				<Filters query={query} view={saved.value.find(view => isShown(view.query))} isSelecting={isSelecting} onSelecting={toggleSelecting} />
			</header>
			<Chips query={query} />
			{problem && <Trouble query={query} problem={problem} again={refresh} />}
			{shown?.note && !isOld && <p class="note quiet" role="status">{noteText(shown.note)}</p>}
			{shown && waiting && !isOld && <News shown={shown} waiting={waiting} onShow={showWaiting} />}
			{(items.length > 0 || isOld || (!shown && !problem)) && <Table title={title} list={shown?.key ?? ''} items={items} isOld={isOld} isLoading={!shown && !problem} isSearch={query.has('content')} selection={selection} isSelecting={isSelecting} />}
			{shown && !isOld && !problem && items.length === 0 && <Empty query={query} />}
			{shown && !isOld && shown.pages > 1 && <Pages query={query} shown={shown} />}
			<Bulk job={job} selection={selection} total={shown?.total ?? 0} onAsk={ask} />
			{dialog}
		</main>
	);
};
