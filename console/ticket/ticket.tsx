// One ticket: what it is about, what was said and done, the reply, and its properties at the side.

import { useEffect, useRef, useState } from 'preact/hooks';
import { ask } from '../api/client';
import { t } from '../i18n/t';
import { lastList } from '../list/list';
import { useKeys } from '../state/keys';
import { go } from '../state/router';
import { session } from '../state/session';
import { complain, say } from '../state/toasts';
import { countViews } from '../state/views';
import { quote } from '../text/quote';
import { asProblem, explain, Refusal } from '../ui/field';
import { Confirm } from '../ui/dialog';
import { Link } from '../ui/link';
import { Person } from '../ui/person';
import { StatusPill } from '../ui/pill';
import { Time } from '../ui/time';
import { Composer } from './composer';
import { markSeen, newestPost, useThread, type Thread } from './data';
import { useEditor } from './editor';
import { Properties } from './properties';
import { mayDelete, mayEditTicket, mayWrite } from './rights';
import { ThreadView } from './thread';

const Title = ({ thread, onChange }: { thread: Thread; onChange: () => Promise<void> }) => {
	const { ticket } = thread;
	const [text, setText] = useState<string | null>(null);
	const save = (event: Event): void => {
		event.preventDefault();
		ask('PATCH', `ticket/${ticket.id}`, { body: { title: text } }).then(async () => { setText(null); await onChange(); },
			reason => complain(explain(asProblem(reason))));
	};
	if (text === null)
		return (
			<h1>{ticket.title}{mayEditTicket(ticket) && (
				<button type="button" class="plain" onClick={() => setText(ticket.title)}>{t('text.edit')}</button>
			)}</h1>
		);
	return (
		<form class="title" onSubmit={save}>
			<input aria-label={t('ticket.title')} value={text} minLength={3} maxLength={128} required autofocus
				onInput={event => setText(event.currentTarget.value)} onKeyDown={event => event.key === 'Escape' && setText(null)} />
			<button class="primary">{t('text.save')}</button>
			<button type="button" onClick={() => setText(null)}>{t('dialog.cancel')}</button>
		</form>
	);
};

// Seen is what was on the page of somebody who looked at it. What was new when the page was opened stays marked.
const useSeen = (thread: Thread | null): number => {
	const [before, setBefore] = useState(0);
	const told = useRef(-1);
	useEffect(() => {
		if (!thread || document.visibilityState !== 'visible')
			return;
		const newest = newestPost(thread);
		if (told.current === newest)
			return;
		if (told.current > 0)
			setBefore(told.current);
		told.current = newest;
		if (thread.ticket.unread)
			markSeen(thread.ticket.id, newest).then(() => countViews(), () => {});
	}, [thread]);
	return before;
};

const Ticket = ({ id }: { id: number }) => {
	const { thread, problem, load, loadPage } = useThread(id);
	const editor = useEditor(`reply-${id}`);
	const [isDeleting, setDeleting] = useState(false);
	const seen = useSeen(thread);
	const change = async (): Promise<void> => { await load(); void countViews().catch(() => {}); };
	const at = lastList.ids.indexOf(id);
	const neighbour = (by: number): void => {
		const next = lastList.ids[at + by];
		if (at !== -1 && next !== undefined)
			go(`/ticket/${next}`);
	};
	const put = (text: string, author: string): void => {
		const field = editor.field.current;
		editor.setText(`${editor.text}${editor.text && !editor.text.endsWith('\n\n') ? '\n\n' : ''}${quote(text, author)}`);
		field?.focus();
	};
	useKeys([
		{ keys: 'u', does: 'key.back', run: () => go(lastList.url) },
		{ keys: 'J', does: 'key.next_ticket', run: () => neighbour(1) },
		{ keys: 'K', does: 'key.previous_ticket', run: () => neighbour(-1) },
		{ keys: 'q', does: 'text.quote', run: () => thread && put(thread.ticket.content, '') },
	]);
	useEffect(() => {
		if (thread && location.hash)
			document.getElementById(location.hash.slice(1))?.scrollIntoView();
	}, [thread !== null]);
	if (!thread)
		return (
			<main id="main" class="page" tabIndex={-1} aria-busy={!problem}>
				{problem?.status === 404
					? <><h1>{t('missing.ticket', { id: String(id) })}</h1><p><Link class="button" to={lastList.url}>{t('missing.list')}</Link></p></>
					: <Refusal problem={problem} again={() => void load()} />}
			</main>
		);
	const { ticket } = thread;
	document.title = `#${id} ${ticket.title} – ${session.value!.title}`;
	const remove = (): void => {
		setDeleting(false);
		ask('DELETE', `ticket/${id}`).then(() => { say(t('done.deleted', { id: String(id) })); go(lastList.url); },
			reason => complain(explain(asProblem(reason))));
	};
	return (
		<main id="main" class="ticket" tabIndex={-1}>
			<header>
				<nav aria-label={t('crumb')} class="crumb">
					<Link to={lastList.url}>{t('list.title')}</Link> / #{id}
					<span class="space" />
					{at !== -1 && <>
						<button type="button" class="plain" disabled={at === 0} onClick={() => neighbour(-1)}>{t('pages.previous')}</button>
						<button type="button" class="plain" disabled={at === lastList.ids.length - 1} onClick={() => neighbour(1)}>{t('pages.next')}</button>
					</>}
					{mayDelete() && <button type="button" class="plain" onClick={() => setDeleting(true)}>{t('text.delete')}</button>}
				</nav>
				<Title thread={thread} onChange={change} />
				<p class="quiet meta"><StatusPill id={ticket.status_id} /> <Person id={ticket.started_id} /> {t('ticket.opened')} <Time at={ticket.date_added} />
					{' · '}{t('ticket.replies_n', { n: thread.total })}</p>
				<Refusal problem={problem} again={() => void load()} />
			</header>
			<Properties thread={thread} onChange={change} />
			<div class="talk">
				<ThreadView thread={thread} seen={seen} onQuote={put} onChange={change} onPage={loadPage} />
				{mayWrite() && <Composer ticket={ticket} seen={newestPost(thread)} editor={editor} onSent={change} onNewer={load} />}
			</div>
			{isDeleting && <Confirm title={t('ticket.delete')} text={t('ticket.delete_text', { id: String(id), title: ticket.title })} yes={t('ticket.delete')}
				onYes={remove} onNo={() => setDeleting(false)} />}
		</main>
	);
};

export default Ticket;
