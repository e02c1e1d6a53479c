// Texts, replies and actions. It is drawn again only if the ticket changed, never for a key in the composer.

import { memo } from 'preact/compat';
import { useMemo, useState } from 'preact/hooks';
import { ask, local } from '../api/client';
import type { Action, Post, Upload } from '../api/types';
import { t, type Key } from '../i18n/t';
import { closedId, person } from '../state/lookups';
import { mayWrite, me } from '../state/session';
import { complain, say } from '../state/toasts';
import { Markdown } from '../text/markdown';
import { isPicture, plainName } from '../text/names';
import { selectedIn } from '../text/quote';
import { asProblem, explain } from '../ui/field';
import { Icon } from '../ui/icon';
import { Avatar, nameOf } from '../ui/person';
import { Removal } from '../ui/removal';
import { Time } from '../ui/time';
import type { Gap, Thread } from './data';
import { EditDialog } from './edit';
import { entriesOf, partsOf, type Said, type Text } from './entries';
import { HistoryDialog } from './history';
import { mayDelete, mayEdit } from './rights';

interface Common {
	onQuote: (text: string, author: number) => void;
	onChange: () => Promise<void>;
}

const File_ = ({ upload, mayRemove, onRemove }: { upload: Upload; mayRemove: boolean; onRemove: () => void }) => {
	const name = plainName(upload.original_filename), link = local(upload.image), isShown = isPicture(name);
	return (
		<li class={isShown ? 'picture' : ''}>
			<a href={link} {...isShown ? { target: '_blank', rel: 'noopener' } : { download: upload.original_filename }}>
				{isShown ? <img src={link} alt="" loading="lazy" decoding="async" /> : <Icon name="file" />} <bdi class="name">{name}</bdi>
			</a>
			{mayRemove && (
				<button type="button" class="plain" aria-label={t('file.remove', { name })} onClick={onRemove}><Icon name="close" /></button>
			)}
		</li>
	);
};

const Files = ({ uploads, author, onChange }: { uploads: Upload[]; author: number; onChange: () => Promise<void> }) => {
	const [dropping, setDropping] = useState<Upload | null>(null);
	return (
		<>
			<ul class="files">{uploads.map(upload => (
				<File_ key={upload.id} upload={upload} mayRemove={mayEdit(author)} onRemove={() => setDropping(upload)} />
			))}</ul>
			{dropping && <Removal title={t('file.delete')} text={t('file.delete_text', { name: plainName(dropping.original_filename) })} yes={t('file.delete')}
				done={t('done.deleted_file')} remove={() => ask('DELETE', `upload/${dropping.id}`)} onDone={onChange} onClose={() => setDropping(null)} />}
		</>
	);
};

export const anchorOf = (text: Pick<Text, 'kind' | 'id'>): string => text.kind === 'post' ? `post-${text.id}` : 'text';

// Where scripts may not write to the clipboard, as on plain HTTP, the link is shown to be copied.
const copyLink = async (anchor: string): Promise<void> => {
	const link = `${location.origin}${location.pathname}${anchor === 'text' ? '' : `#${anchor}`}`;
	try {
		await navigator.clipboard.writeText(link);
		say(t('done.copied'));
	} catch {
		say(link);
	}
};

interface Opened {
	dialog: 'edit' | 'history' | 'delete';
	text: Text;
}

interface MenuProps extends Common {
	text: Text;
	isClosed: boolean; // then nothing of it can be changed
	onOpen: (opened: Opened) => void;
}

const Menu = ({ text, isClosed, onQuote, onOpen }: MenuProps) => {
	const isPost = text.kind === 'post', anchor = anchorOf(text);
	return (
		<span class="menu">
			{mayWrite() && (
				<button type="button" class="plain" onMouseDown={event => event.preventDefault()}
					onClick={() => onQuote(selectedIn(document.querySelector(`#${anchor} .markdown`)) || text.content, text.author)}>{t('text.quote')}</button>
			)}
			<button type="button" class="plain" onClick={() => void copyLink(anchor)}>{t('text.link')}</button>
			{mayEdit(text.author) && !isClosed && <button type="button" class="plain" onClick={() => onOpen({ dialog: 'edit', text })}>{t('text.edit')}</button>}
			{text.modified && <button type="button" class="plain" onClick={() => onOpen({ dialog: 'history', text })}>{t('text.edited')}</button>}
			{isPost && mayDelete() && <button type="button" class="plain" onClick={() => onOpen({ dialog: 'delete', text })}>{t('text.delete')}</button>}
		</span>
	);
};

// Not a part of the text's card: if somebody deletes the reply meanwhile, what was written about it stays.
const Dialogs = ({ opened: { dialog, text }, onChange, onClose }: { opened: Opened; onChange: () => Promise<void>; onClose: () => void }) => {
	const { kind, id, author, content } = text;
	if (dialog === 'edit')
		return <EditDialog kind={kind} id={id} onClose={onClose} onSaved={onChange} />;
	if (dialog === 'history')
		return <HistoryDialog of={kind === 'post' ? { post_id: id } : { topic_id: id }} content={content} onClose={onClose} />;
	return <Removal title={t('text.delete_reply')} text={t('text.delete_reply_text', { name: nameOf(author), id: String(id) })}
		done={t('done.deleted_reply')} remove={() => ask('DELETE', `post/${id}`)} onDone={onChange} onClose={onClose} />;
};

interface CardProps extends MenuProps {
	name: string;
	avatar: string | undefined;
}

// The link is native, so that the browser moves to the text and marks it.
const TextCard = memo(({ text, name, avatar: _, ...common }: CardProps) => (
	<article class="text" id={anchorOf(text)} aria-labelledby={`by-${anchorOf(text)}`} tabIndex={-1}>
		<Avatar user={person(text.author)} />
		<div class="card">
			<header>
				<h2 id={`by-${anchorOf(text)}`}><bdi>{name}</bdi></h2> <a class="quiet" href={`#${anchorOf(text)}`}><Time at={text.date} /></a>
				<Menu text={text} {...common} />
			</header>
			<Markdown source={text.content} />
			{text.uploads.length > 0 && <Files uploads={text.uploads} author={text.author} onChange={common.onChange} />}
		</div>
	</article>
), (a, b) => a.text.content === b.text.content && a.text.modified === b.text.modified && a.name === b.name && a.avatar === b.avatar && a.isClosed === b.isClosed
	&& a.text.uploads.map(u => u.id).join() === b.text.uploads.map(u => u.id).join());

const sentences: Record<string, Key> = {
	assign: 'did.assign', claim: 'did.claim', release: 'did.release', close: 'did.close', status: 'did.status',
	priority: 'did.priority', department_category: 'did.category', unsubscribe: 'did.unsubscribe',
};

const word = (data: Action['data'], name: string): string => String(data?.[name] ?? '');

const ActionLine = ({ action }: { action: Action }) => {
	const key = sentences[action.action];
	return (
		<p class="did" dir="auto">
			{key ? t(key, {
				who: nameOf(action.user_id), whom: action.recipient_id === null ? '' : nameOf(action.recipient_id),
				status: word(action.data, 'status'), priority: word(action.data, 'priority'), category: word(action.data, 'department_category'),
			}) : `${nameOf(action.user_id)}: ${action.action}`} <Time at={action.date} />
		</p>
	);
};

const GapButton = ({ gap, onFill }: { gap: Gap; onFill: (gap: Gap) => Promise<void> }) => {
	const [isBusy, setBusy] = useState(false);
	const fill = (): void => {
		setBusy(true);
		onFill(gap).catch(reason => complain(explain(asProblem(reason)))).finally(() => setBusy(false));
	};
	return (
		<button type="button" class="gap" disabled={isBusy} onClick={fill}>
			{gap.atOnce < gap.replies ? t('thread.earlier_of', { n: gap.atOnce, all: gap.replies }) : t('thread.earlier', { n: gap.replies })}
		</button>
	);
};

interface ThreadProps extends Common {
	thread: Thread;
	seen: number; // replies with a greater id are new; 0: not known
	onFill: (gap: Gap) => Promise<void>;
}

export const ThreadView = memo(({ thread, seen, onFill, ...common }: ThreadProps) => {
	const entries = useMemo(() => entriesOf(thread, (post: Post) => seen > 0 && post.id > seen && post.user_id !== me.value?.id), [thread, seen]);
	const isClosed = thread.ticket.status_id === closedId.value;
	const [opened, setOpened] = useState<Opened | null>(null);
	const firstNew = entries.find(entry => 'text' in entry && entry.text.isNew);
	const draw = (entry: Said) => {
		if ('action' in entry)
			return <ActionLine key={`action${entry.action.id}`} action={entry.action} />;
		const { text } = entry;
		return [
			entry === firstNew && <p key="new" class="since" id="new"><span>{t('thread.new')}</span></p>,
			<TextCard key={anchorOf(text)} text={text} name={nameOf(text.author)} avatar={person(text.author)?.avatar}
				isClosed={isClosed} onOpen={setOpened} {...common} />,
		];
	};
	return (
		<div class="thread">
			{partsOf(entries).map(part => 'gap' in part ? <GapButton key={part.key} gap={part.gap} onFill={onFill} />
				: <div key={part.key} class="part">{part.said.flatMap(draw)}</div>)}
			{thread.total === 0 && <p class="did">{t('thread.none')}</p>}
			<span class="hidden" role="status">{t('thread.count', { n: thread.total })}</span>
			{opened && <Dialogs opened={opened} onChange={common.onChange} onClose={() => setOpened(null)} />}
		</div>
	);
}, (a, b) => a.thread === b.thread && a.seen === b.seen);
