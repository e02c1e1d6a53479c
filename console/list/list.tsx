// A list of tickets. The query of the URL is the list: filters, words, sort and page.

import { useEffect, useRef, useState } from 'preact/hooks';
import { get, type Problem } from '../api/client';
import type { List as Answer, Ticket } from '../api/types';
import { number, t } from '../i18n/t';
import { meetAll } from '../state/lookups';
import { useKeys } from '../state/keys';
import { usePoll } from '../state/poll';
import { arrived, go, place, queryOf } from '../state/router';
import { session } from '../state/session';
import { complain, say } from '../state/toasts';
import { countViews, saved, standard } from '../state/views';
import { isShown } from '../frame/side';
import { asProblem, explain, Refusal } from '../ui/field';
import { Link } from '../ui/link';
import { Bulk, claim, close } from './bulk';
import { Chips, Filters } from './filters';
import { pageOf, PER_PAGE, requestOf, withValue } from './query';
import { Row } from './row';

const SECONDS = 20;
const SKELETONS = 12;

interface Shown {
	key: string;
	items: Ticket[];
	total: number;
	pages: number;
}

// The list that a ticket was opened from: next and previous go by it.
export const lastList = { url: '/tickets/', ids: [] as number[] };

const useList = (query: URLSearchParams) => {
	const key = query.toString();
	const [shown, setShown] = useState<Shown | null>(null);
	const [problem, setProblem] = useState<Problem | null>(null);
	const [revision, setRevision] = useState(0);
	const load = async (signal?: AbortSignal): Promise<void> => {
		try {
			const answer = await get<Answer<Ticket>>(requestOf(query), signal);
			meetAll(answer.included);
			setShown({ key, items: answer.items, total: answer._meta.total_items, pages: answer._meta.total_pages });
			setRevision(n => n + 1);
			setProblem(null);
			lastList.url = `/tickets/?${key}`;
			lastList.ids = answer.items.map(ticket => ticket.id);
		} catch (reason) {
			if (!signal?.aborted)
				setProblem(asProblem(reason));
		}
	};
	usePoll(load, SECONDS, [key, session.value?.user?.id]);
	useEffect(() => { if (shown?.key === key) arrived(); }, [shown?.key === key]);
	return { shown, problem, load, isOld: shown !== null && shown.key !== key, revision };
};

const useSelection = (items: Ticket[], key: string) => {
	const [selected, setSelected] = useState<ReadonlySet<number>>(new Set());
	const last = useRef<number | null>(null);
	useEffect(() => { setSelected(new Set()); last.current = null; }, [key]);
	const select = (id: number, toThis: boolean): void => {
		const next = new Set(selected);
		const from = items.findIndex(ticket => ticket.id === last.current), to = items.findIndex(ticket => ticket.id === id);
		if (toThis && from !== -1 && to !== -1)
			items.slice(Math.min(from, to), Math.max(from, to) + 1).forEach(ticket => next.add(ticket.id));
		else if (!next.delete(id))
			next.add(id);
		last.current = id;
		setSelected(next);
	};
	const all = items.length > 0 && items.every(ticket => selected.has(ticket.id));
	const toggleAll = (): void => setSelected(all ? new Set() : new Set(items.map(ticket => ticket.id)));
	return { selected, select, all, toggleAll, clear: () => setSelected(new Set()) };
};

// The focus is the cursor: nothing is drawn again, and screen readers speak.
const titles = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('a.ticket')];
const move = (by: number): void => {
	const all = titles(), at = all.indexOf(document.activeElement as HTMLElement);
	all[at === -1 ? 0 : Math.min(all.length - 1, Math.max(0, at + by))]?.focus();
};
const current = (items: Ticket[]): Ticket | undefined => items[titles().indexOf(document.activeElement as HTMLElement)];

const titleOf = (query: URLSearchParams): string => {
	const found = standard.value.find(view => isShown(view.query));
	if (found)
		return t(found.name);
	return saved.value.find(view => isShown(view.query))?.name ?? (query.has('content') ? t('search.title') : t('list.title'));
};

const Empty = ({ query }: { query: URLSearchParams }) => {
	const words = query.get('content');
	const isMine = isShown(standard.value[0]!.query);
	return (
		<div class="empty">
			<h2>{words ? t('list.none_found', { text: words }) : isMine ? t('list.none_mine') : t('list.none')}</h2>
			{isMine ? <Link class="button" to={`/tickets/?${standard.value[1]!.query}`}>{t('view.unassigned')}</Link>
				: <Link class="button" to="/tickets/">{t('list.show_all')}</Link>}
		</div>
	);
};

const Pages = ({ query, shown }: { query: URLSearchParams; shown: Shown }) => {
	const page = pageOf(query);
	return (
		<nav class="pages" aria-label={t('pages.label')}>
			<button type="button" disabled={page <= 1} onClick={() => go(withValue(query, 'page', String(page - 1)))}>{t('pages.previous')}</button>
			<span>{t('pages.range', { from: (page - 1) * PER_PAGE + 1, to: Math.min(page * PER_PAGE, shown.total), n: shown.total })}</span>
			<button type="button" disabled={page >= shown.pages} onClick={() => go(withValue(query, 'page', String(page + 1)))}>{t('pages.next')}</button>
		</nav>
	);
};

export const List = () => {
	const query = queryOf(place.value);
	const { shown, problem, load, isOld, revision } = useList(query);
	const items = shown?.items ?? [];
	const { selected, select, all, toggleAll, clear } = useSelection(items, query.toString());
	const title = titleOf(query);
	document.title = `${title} – ${session.value!.title}`;
	const refresh = (): void => { void load(); void countViews().catch(() => {}); };
	const change = (does: (id: number) => Promise<unknown>, done: (id: number) => string) => (): void => {
		const ticket = current(items);
		if (ticket)
			does(ticket.id).then(() => { say(done(ticket.id)); refresh(); }, reason => complain(explain(asProblem(reason))));
	};
	const page = pageOf(query);
	useKeys([
		{ keys: 'j', does: 'key.next', run: () => move(1) },
		{ keys: 'k', does: 'key.previous', run: () => move(-1) },
		{ keys: 'o', does: 'key.open', run: () => { const ticket = current(items); if (ticket) go(`/ticket/${ticket.id}`); } },
		{ keys: 'x', does: 'key.select', run: () => { const ticket = current(items); if (ticket) select(ticket.id, false); } },
		{ keys: 'X', does: 'key.select_to', run: () => { const ticket = current(items); if (ticket) select(ticket.id, true); } },
		{ keys: '*', does: 'key.select_all', run: toggleAll },
		{ keys: 'i', does: 'action.claim', run: change(claim, id => t('done.claimed', { id: String(id) })) },
		{ keys: 'e', does: 'action.close', run: change(close, id => t('done.closed', { id: String(id) })) },
		{ keys: '[', does: 'pages.previous', run: () => { if (page > 1) go(withValue(query, 'page', String(page - 1))); } },
		{ keys: ']', does: 'pages.next', run: () => { if (page < (shown?.pages ?? 1)) go(withValue(query, 'page', String(page + 1))); } },
	]);
	return (
		<main id="main" class="list" tabIndex={-1}>
			<header class="bar">
				<h1>{title} <span class="count" aria-live="polite">{shown ? number(shown.total) : ''}</span></h1>
				<Filters query={query} />
			</header>
			<Chips query={query} />
			<Refusal problem={problem} again={() => void load()} />
			<table class={isOld ? 'old' : ''} aria-busy={isOld || !shown}>
				<caption class="hidden">{title}</caption>
				<thead><tr>
					<th class="select"><input type="checkbox" checked={all} aria-label={t('list.select_all')} onChange={toggleAll} /></th>
					<th class="bars"><span class="hidden">{t('ticket.priority')}</span></th>
					<th class="number">{t('ticket.id')}</th>
					<th class="what">{t('ticket.title')}</th>
					<th>{t('ticket.status')}</th>
					<th class="wide">{t('ticket.assignee')}</th>
					<th class="wide">{t('ticket.reporter')}</th>
					<th class="number wide">{t('ticket.replies')}</th>
					<th class="number">{t('ticket.updated')}</th>
				</tr></thead>
				<tbody>
					{!shown && !problem && Array.from({ length: SKELETONS }, (_, i) => <tr key={i} class="skeleton" aria-hidden="true"><td colSpan={9}><i /></td></tr>)}
					{items.map(ticket => <Row key={ticket.id} ticket={ticket} isSelected={selected.has(ticket.id)} onSelect={select} revision={revision} />)}
				</tbody>
			</table>
			{shown && items.length === 0 && <Empty query={query} />}
			{shown && shown.pages > 1 && <Pages query={query} shown={shown} />}
			{selected.size > 0 && <Bulk ids={[...selected]} onDone={() => { clear(); refresh(); }} onClear={clear} />}
		</main>
	);
};
