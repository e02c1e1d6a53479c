// Texts, replies and actions in the order of their dates. It is drawn again only if the ticket changed, never for a
// key in the composer.

import { memo } from 'preact/compat';
import { useState } from 'preact/hooks';
import { ask, local } from '../api/client';
import type { Action, Post, Upload, User } from '../api/types';
import { t, type Key } from '../i18n/t';
import { person } from '../state/lookups';
import { complain, say } from '../state/toasts';
import { Markdown } from '../text/markdown';
import { asProblem, explain } from '../ui/field';
import { Confirm } from '../ui/dialog';
import { Icon } from '../ui/icon';
import { Avatar, nameOf } from '../ui/person';
import { Time } from '../ui/time';
import { PAGE, type Thread } from './data';
import { EditDialog } from './edit';
import { HistoryDialog } from './history';
import { mayDelete, mayDeleteUpload, mayEditPost, mayEditTicket } from './rights';

interface Text {
	kind: 'ticket' | 'post';
	id: number;
	author: number;
	content: string;
	date: string;
	modified: string | null;
	uploads: Upload[];
	isNew: boolean;
}

interface Common {
	thread: Thread;
	onQuote: (text: string, author: string) => void;
	onChange: () => Promise<void>;
}

const size = /\.(png|jpe?g|gif)$/i;

const Files = ({ uploads, author, onChange }: { uploads: Upload[]; author: number; onChange: () => Promise<void> }) => {
	const [dropping, setDropping] = useState<Upload | null>(null);
	const drop = (upload: Upload): void => {
		setDropping(null);
		ask('DELETE', `upload/${upload.id}`).then(onChange, reason => complain(explain(asProblem(reason))));
	};
	return (
		<ul class="files">{uploads.map(upload => (
			<li key={upload.id}>
				<a href={local(upload.image)} {...size.test(upload.original_filename) ? { target: '_blank', rel: 'noopener' } : { download: upload.original_filename }}>
					<Icon name="file" /> <span class="name">{upload.original_filename}</span>
				</a>
				{mayDeleteUpload(author, upload) && (
					<button type="button" class="plain" aria-label={t('file.remove', { name: upload.original_filename })} onClick={() => setDropping(upload)}>
						<Icon name="close" />
					</button>
				)}
			</li>
		))}
		{dropping && <Confirm title={t('file.delete')} text={t('file.delete_text', { name: dropping.original_filename })} yes={t('file.delete')}
			onYes={() => drop(dropping)} onNo={() => setDropping(null)} />}
		</ul>
	);
};

const Menu = ({ text, thread, onQuote, onChange }: Common & { text: Text }) => {
	const [shown, setShown] = useState<'edit' | 'history' | 'delete' | null>(null);
	const isPost = text.kind === 'post';
	const mayEdit = isPost ? mayEditPost({ user_id: text.author } as Post) : mayEditTicket(thread.ticket);
	const remove = (): void => {
		setShown(null);
		ask('DELETE', `post/${text.id}`).then(() => { say(t('done.deleted_reply')); return onChange(); },
			reason => complain(explain(asProblem(reason))));
	};
	const copy = (): void => {
		void navigator.clipboard?.writeText(`${location.origin}${location.pathname}${isPost ? `#post-${text.id}` : ''}`)
			.then(() => say(t('done.copied')), () => {});
	};
	return (
		<span class="menu">
			<button type="button" class="plain" onClick={() => onQuote(text.content, nameOf(text.author))}>{t('text.quote')}</button>
			<button type="button" class="plain" onClick={copy}>{t('text.link')}</button>
			{mayEdit && <button type="button" class="plain" onClick={() => setShown('edit')}>{t('text.edit')}</button>}
			{text.modified && <button type="button" class="plain" onClick={() => setShown('history')}>{t('text.edited')}</button>}
			{isPost && mayDelete() && <button type="button" class="plain" onClick={() => setShown('delete')}>{t('text.delete')}</button>}
			{shown === 'edit' && <EditDialog kind={text.kind} id={text.id} content={text.content} onClose={() => setShown(null)} onSaved={onChange} />}
			{shown === 'history' && <HistoryDialog of={isPost ? { post_id: text.id } : { topic_id: text.id }} content={text.content} onClose={() => setShown(null)} />}
			{shown === 'delete' && <Confirm title={t('text.delete_reply')} text={t('text.delete_reply_text', { name: nameOf(text.author) })}
				yes={t('text.delete')} onYes={remove} onNo={() => setShown(null)} />}
		</span>
	);
};

const TextCard = memo(({ text, user, ...common }: Common & { text: Text; user: User | undefined }) => (
	<article class="text" id={text.kind === 'post' ? `post-${text.id}` : 'text'}>
		<Avatar user={user} />
		<div class="card">
			<header>
				<b>{nameOf(text.author)}</b> <a class="quiet" href={`#${text.kind === 'post' ? `post-${text.id}` : 'text'}`}><Time at={text.date} /></a>
				<Menu text={text} {...common} />
			</header>
			<Markdown source={text.content} />
			{text.uploads.length > 0 && <Files uploads={text.uploads} author={text.author} onChange={common.onChange} />}
		</div>
	</article>
), (a, b) => a.text.content === b.text.content && a.text.modified === b.text.modified && a.user === b.user
	&& a.text.uploads.length === b.text.uploads.length);

const sentences: Record<string, Key> = {
	open: 'did.open', assign: 'did.assign', claim: 'did.claim', release: 'did.release', close: 'did.close', status: 'did.status',
	priority: 'did.priority', department_category: 'did.category', subscribe: 'did.subscribe', unsubscribe: 'did.unsubscribe',
};

const word = (data: Action['data'], name: string): string => String(data?.[name] ?? '');

const ActionLine = ({ action }: { action: Action }) => {
	const key = sentences[action.action];
	return (
		<p class="did">
			{key ? t(key, {
				who: nameOf(action.user_id), whom: action.recipient_id === null ? '' : nameOf(action.recipient_id),
				status: word(action.data, 'status'), priority: word(action.data, 'priority'), category: word(action.data, 'department_category'),
			}) : `${nameOf(action.user_id)}: ${action.action}`} <Time at={action.date} />
		</p>
	);
};

type Entry = { at: number; order: number } & ({ text: Text } | { action: Action } | { gap: number; pages: number });

const entriesOf = (thread: Thread, seen: number): Entry[] => {
	const { ticket } = thread;
	const uploads = (name: 'topic_id' | 'post_id', id: number): Upload[] => thread.uploads.filter(u => u[name] === id);
	const text = (post: Post): Entry => ({ at: Date.parse(post.data_added), order: 1, text: {
		kind: 'post', id: post.id, author: post.user_id, content: post.content, date: post.data_added, modified: post.date_modified,
		uploads: uploads('post_id', post.id), isNew: seen > 0 && post.id > seen,
	} });
	const entries: Entry[] = [];
	for (let page = 1; page <= thread.pages; page++) {
		const posts = thread.posts.get(page);
		const before = entries.at(-1);
		if (posts)
			entries.push(...posts.map(text));
		else if (!before || !('gap' in before))
			entries.push({ at: before?.at ?? 0, order: 2, gap: page, pages: 1 });
		else
			before.pages++;
	}
	const actions = thread.actions.filter(action => action.action !== 'open' && action.action !== 'subscribe')
		.map((action): Entry => ({ at: Date.parse(action.date), order: 3, action }));
	return [
		{ at: 0, order: 0, text: { kind: 'ticket', id: ticket.id, author: ticket.started_id, content: ticket.content,
			date: ticket.date_added, modified: ticket.date_modified, uploads: uploads('topic_id', ticket.id), isNew: false } } as Entry,
		...[...entries, ...actions].sort((a, b) => a.at - b.at || a.order - b.order),
	];
};

export const ThreadView = memo(({ thread, seen, onPage, ...common }: Common & { seen: number; onPage: (page: number) => Promise<void> }) => {
	let marked = false;
	return (
		<div class="thread">{entriesOf(thread, seen).map(entry => {
			if ('gap' in entry)
				return (
					<button key={`gap${entry.gap}`} type="button" class="gap" onClick={() => void onPage(entry.gap)}>
						{t('thread.earlier', { n: entry.pages * PAGE })}
					</button>
				);
			if ('action' in entry)
				return <ActionLine key={`action${entry.action.id}`} action={entry.action} />;
			const line = entry.text.isNew && !marked;
			marked ||= line;
			return [
				line && <p key="new" class="since" id="new">{t('thread.new')}</p>,
				<TextCard key={`${entry.text.kind}${entry.text.id}`} text={entry.text} user={person(entry.text.author)} thread={thread} {...common} />,
			];
		})}
		<span class="hidden" role="status">{t('thread.count', { n: thread.total })}</span>
		</div>
	);
}, (a, b) => a.thread === b.thread && a.seen === b.seen);

