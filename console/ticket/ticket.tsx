// One ticket: what it is about, what was said and done, the reply, and its properties at the side.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ask } from '../api/client';
import { t } from '../i18n/t';
import { lastList } from '../list/last';
import { useKeys } from '../state/keys';
import { go, place } from '../state/router';
import { mayWrite, me, session } from '../state/session';
import { complain } from '../state/toasts';
import { countViews } from '../state/views';
import { quote, selectedIn } from '../text/quote';
import { Refusal } from '../ui/field';
import { Link } from '../ui/link';
import { attempt } from '../ui/page';
import { nameOf, Person } from '../ui/person';
import { StatusPill } from '../ui/pill';
import { Removal } from '../ui/removal';
import { Time } from '../ui/time';
import { Composer, type Writer } from './composer';
import { allPosts, useThread, type Thread } from './data';
import { Properties } from './properties';
import { mayDelete } from './rights';
import { useSeen } from './seen';
import { anchorOf, ThreadView } from './thread';
import { Title } from './title';

// `q` quotes the selected part of a text, or else the newest text.
const chosenText = (thread: Thread): { text: string; author: number } => {
	const texts = [{ kind: 'ticket' as const, id: thread.ticket.id, author: thread.ticket.started_id, content: thread.ticket.content },
		...allPosts(thread).map(post => ({ kind: 'post' as const, id: post.id, author: post.user_id, content: post.content }))];
	for (const text of texts) {
		const selected = selectedIn(document.querySelector(`#${anchorOf(text)} .markdown`));
		if (selected)
			return { text: selected, author: text.author };
	}
	const newest = texts.at(-1)!;
	return { text: newest.content, author: newest.author };
};

// The text that the end of the URL names, also if its page of the thread is not there yet.
const useAnchor = (isThere: boolean, find: (post: number) => Promise<boolean>): void => {
	const hash = place.value.split('#')[1] ?? '';
	useEffect(() => {
		const post = Number(/^post-(\d+)$/.exec(hash)?.[1] ?? 0);
		const arrive = (): void => {
			const text = document.getElementById(hash);
			if (!text)
				return;
			location.replace(`#${hash}`); // marks it, and moves to it
			text.focus({ preventScroll: true });
		};
		if (!isThere || !hash)
			return;
		if (document.getElementById(hash) || !post)
			return arrive();
		find(post).then(found => found ? requestAnimationFrame(arrive) : complain(t('missing.reply', { id: String(post) })), () => {});
	}, [isThere, hash]);
};

interface HeadProps {
	thread: Thread;
	hasNew: boolean;
	onChange: () => Promise<void>;
	onDelete: () => void;
	onNeighbour: (by: number) => void;
	onNew: () => Promise<void>;
}

const Head = ({ thread, hasNew, onChange, onDelete, onNeighbour, onNew }: HeadProps) => {
	const { ticket } = thread, at = lastList.ids.indexOf(ticket.id);
	return (
		<>
			<nav aria-label={t('crumb')} class="crumb">
				<Link to={lastList.url}>{t('list.title')}</Link> / #{ticket.id}
				<span class="space" />
				{at !== -1 && <>
					<button type="button" class="plain" disabled={at === 0} onClick={() => onNeighbour(-1)}>{t('pages.previous')}</button>
					<button type="button" class="plain" disabled={at === lastList.ids.length - 1} onClick={() => onNeighbour(1)}>{t('pages.next')}</button>
				</>}
				{mayDelete() && <button type="button" class="plain" onClick={onDelete}>{t('text.delete')}</button>}
			</nav>
			<Title thread={thread} onChange={onChange} />
			<p class="quiet meta"><StatusPill id={ticket.status_id} /> <Person id={ticket.started_id} /> {t('ticket.opened')} <Time at={ticket.date_added} />
				{' · '}{t('ticket.replies_n', { n: thread.total })}
				{hasNew && <button type="button" class="plain link" onClick={() => void attempt(onNew)}>{t('thread.to_new')}</button>}</p>
		</>
	);
};

const Missing = ({ id }: { id: number }) => {
	document.title = `${t('missing.ticket', { id: String(id) })} – ${session.value!.title}`;
	return <><h1>{t('missing.ticket', { id: String(id) })}</h1><p><Link class="button" to={lastList.url}>{t('missing.list')}</Link></p></>;
};

const neighbourOf = (id: number, by: number): number | undefined => {
	const at = lastList.ids.indexOf(id);
	return at === -1 ? undefined : lastList.ids[at + by];
};

const Ticket = ({ id }: { id: number }) => {
	const { thread, problem, load, fill, find, findAfter, current } = useThread(id);
	const [isDeleting, setDeleting] = useState(false);
	const writer = useRef<Writer>(null);
	const { before, catchUp } = useSeen(thread);
	const isGone = thread !== null && problem?.status === 404;
	const change = useCallback(async () => { await load(); void countViews().catch(() => {}); }, []);
	const sent = useCallback(async () => { await change(); catchUp(); }, []);
	const put = useCallback((text: string, author: number) => writer.current?.quote(quote(text, nameOf(author))), []);
	const toNew = async (): Promise<void> => {
		const first = await findAfter(before);
		if (first)
			location.hash = anchorOf({ kind: 'post', id: first });
	};
	const neighbour = (by: number): void => {
		const next = neighbourOf(id, by);
		if (next !== undefined)
			go(`/ticket/${next}`);
	};
	useKeys([
		{ keys: 'u', does: 'key.back', run: () => go(lastList.url) },
		{ keys: 'J', does: 'key.next_ticket', run: () => neighbour(1) },
		{ keys: 'K', does: 'key.previous_ticket', run: () => neighbour(-1) },
		{ keys: 'q', does: 'text.quote', run: () => {
			if (!thread || !mayWrite())
				return;
			const { text, author } = chosenText(thread);
			put(text, author);
		} },
	]);
	useAnchor(thread !== null, find);
	if (!thread)
		return (
			<main id="main" class="page" tabIndex={-1} aria-busy={!problem}>
				{problem?.status === 404 ? <Missing id={id} /> : <Refusal problem={problem} again={() => void load()} />}
			</main>
		);
	const { ticket } = thread;
	const hasNew = before > 0 && allPosts(thread).some(post => post.id > before && post.user_id !== me.value?.id);
	document.title = `#${id} ${ticket.title} – ${session.value!.title}`;
	return (
		<main id="main" class="ticket" tabIndex={-1}>
			<header>
				<Head thread={thread} hasNew={hasNew} onNew={toNew} onChange={change} onDelete={() => setDeleting(true)} onNeighbour={neighbour} />
				{isGone ? <p class="refusal" role="alert">{t('ticket.gone', { id: String(id) })}</p> : <Refusal problem={problem} again={() => void load()} />}
			</header>
			<Properties thread={thread} current={current} isGone={isGone} onChange={change} onReply={() => writer.current?.focus()} />
			<div class="talk">
				<ThreadView thread={thread} seen={before} onQuote={put} onChange={change} onFill={fill} />
				{mayWrite() ? <Composer thread={thread} isGone={isGone} writer={writer} onSent={sent} onNewer={load} />
					: <p class="quiet">{t('problem.read_only')}</p>}
			</div>
			{isDeleting && <Removal title={t('ticket.delete')} text={t('ticket.delete_text', { id: String(id), title: ticket.title })} yes={t('ticket.delete')}
				done={t('done.deleted', { id: String(id) })} remove={() => ask('DELETE', `ticket/${id}`)} onDone={() => go(lastList.url)}
				onClose={() => setDeleting(false)} />}
		</main>
	);
};

export default Ticket;
