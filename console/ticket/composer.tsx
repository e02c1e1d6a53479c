// The reply. Before it is sent the desk is told which replies its author has seen; if others came meanwhile they are
// shown above the text, and the author decides.

import { useComputed } from '@preact/signals';
import type { Ref } from 'preact';
import { memo } from 'preact/compat';
import { useEffect, useImperativeHandle, useRef, useState } from 'preact/hooks';
import { type Problem } from '../api/client';
import type { Post } from '../api/types';
import { t } from '../i18n/t';
import { closedId, statuses } from '../state/lookups';
import { useKeys } from '../state/keys';
import { isReached, me } from '../state/session';
import { say } from '../state/toasts';
import { Markdown } from '../text/markdown';
import { asProblem, Refusal } from '../ui/field';
import { nameOf } from '../ui/person';
import { Time } from '../ui/time';
import { outOfBounds } from './bounds';
import { allPosts, newestPost, type Thread } from './data';
import { EditorField, useEditor, type Editor } from './editor';
import { useMedia } from './media';
import { mayClose } from './rights';
import { useSend } from './send';
import type { Attachment } from './uploads';

export interface Writer {
	focus: () => void;
	quote: (text: string) => void;
}

interface Props {
	thread: Thread;
	isGone: boolean;
	writer: Ref<Writer>;
	onSent: () => Promise<void>;
	onNewer: () => Promise<void>;
}

const Newer = ({ posts }: { posts: Post[] }) => (
	<section class="newer" role="alert">
		<p>{t('reply.newer', { n: posts.length })}</p>
		{posts.map(post => (
			<article key={post.id}><b><bdi>{nameOf(post.user_id)}</bdi></b> <Time at={post.data_added} /><Markdown source={post.content} /></article>
		))}
	</section>
);

// If the answer to a reply was lost, the reply is there all the same, with its author's text and files. It is not sent again.
const useArrived = (thread: Thread, editor: Editor): void => useEffect(() => {
	const { seen } = editor.begun ?? {};
	const isAttached = (file: Attachment, post: Post): boolean =>
		thread.uploads.some(upload => upload.post_id === post.id && upload.id === file.upload.value?.id);
	if (seen !== undefined && allPosts(thread).some(post => post.id > seen && post.user_id === me.value?.id && post.content === editor.text.value
		&& editor.attachments.every(file => isAttached(file, post))))
		editor.clear();
}, [thread]);

export const Composer = memo(({ thread, isGone, writer, onSent, onNewer }: Props) => {
	const { ticket, subscriptions } = thread;
	const newest = newestPost(thread);
	const editor = useEditor(`reply-${ticket.id}`, () => ({ seen: newest }));
	const [problem, setProblem] = useState<Problem | null>(null);
	const [isShort, setShort] = useState<string | undefined>();
	const [status, setStatus] = useState(0);
	const hours = useRef<HTMLInputElement>(null);
	const { isBusy, send } = useSend('posts');
	const isClosed = ticket.status_id === closedId.value;
	const seen = editor.begun?.seen;
	const newer = seen === undefined ? [] : allPosts(thread).filter(post => post.id > seen);
	const isNarrow = useMedia('(max-width: 640px)');
	useArrived(thread, editor);
	const isAnswered = isReached.value;
	useEffect(() => { if (isAnswered) setProblem(now => now?.status === 0 ? null : now); }, [isAnswered]);
	const focus = (): void => {
		editor.field.current?.focus({ preventScroll: true });
		editor.field.current?.closest('.composer')?.scrollIntoView({ block: 'nearest' }); // with its buttons
	};
	const quote = (text: string): void => { editor.append(text); focus(); };
	useImperativeHandle(writer, () => ({ focus, quote }));
	useKeys([{ keys: 'r', does: 'key.reply', run: focus }]);

	const submit = async (close: boolean): Promise<void> => {
		const why = outOfBounds(editor.text.value);
		setShort(why);
		setProblem(null);
		if (why || isGone || editor.isSending() || !hours.current!.reportValidity())
			return;
		const ids = editor.uploadIds();
		try {
			const made = await send<Post>({
				ticket_id: ticket.id, content: editor.text.value, seen_post_id: newest,
				...close ? { close: true } : status ? { status_id: status } : {},
				...hours.current!.value ? { hours: Number(hours.current!.value) } : {}, ...ids.length ? { upload_ids: ids } : {},
			});
			if (!made)
				return;
		} catch (reason) {
			const refused = asProblem(reason);
			if (refused.code === 'newer_replies' || refused.status === 404) // the page then shows why
				await onNewer();
			else if (refused.status !== 401) // the login is asked for above the page
				setProblem(refused);
			return;
		}
		editor.clear();
		hours.current!.value = '';
		setStatus(0);
		await onSent();
		say(close ? t('done.replied_closed') : t('done.replied'));
	};
	const isEmpty = useComputed(() => editor.text.value.trim() === '').value;
	// On a phone it unfolds with the focus, and its buttons may be below the screen.
	const show = (composer: HTMLElement): void => {
		if (isNarrow)
			requestAnimationFrame(() => composer.scrollIntoView({ block: 'nearest' }));
	};
	return (
		<section class={`composer${isEmpty && !editor.attachments.length ? '' : ' filled'}`} aria-label={t('reply.label')}
			onFocusCapture={event => show(event.currentTarget)}>
			{newer.length > 0 && <Newer posts={newer} />}
			{isGone && <p class="refusal">{t('ticket.gone', { id: String(ticket.id) })}</p>}
			<Refusal problem={problem && !isGone && problem.field !== 'content' ? problem : null} />
			<EditorField editor={editor} label={t('reply.to_everybody')} note={t('reply.readers', { n: subscriptions.length })} rows={4} isBusy={isBusy}
				problem={isShort ?? problem?.of('content')}
				placeholder={isClosed ? t('reply.reopens') : t('reply.hint')} onSend={() => void submit(false)} />
			<div class="foot">
				<label class="choice">{t('ticket.hours')}
					<input ref={hours} type="number" min="0" step="0.01" max="99999999.99" onKeyDown={event => event.key === 'Enter' && void submit(false)} /></label>
				{!isClosed && (
					<label class="choice">{t('reply.then')}
						<select value={status} onChange={event => setStatus(Number(event.currentTarget.value))}>
							<option value="0">{t('reply.status_stays')}</option>
							{statuses.value.filter(s => s.id !== closedId.value && s.id !== ticket.status_id).map(s => <option key={s.id} value={s.id}>{s.status}</option>)}
						</select></label>
				)}
				<span class="space" />
				{!isClosed && mayClose(ticket) && (
					<button type="button" disabled={isBusy || isEmpty || isGone} onClick={() => void submit(true)}>{t('reply.close')}</button>
				)}
				<button type="button" class="primary" disabled={isBusy || isEmpty || isGone} onClick={() => void submit(false)}>
					{isBusy ? t('reply.busy') : newer.length ? t('reply.anyway') : isClosed ? t('reply.reopen') : t('reply.send')}
				</button>
			</div>
		</section>
	);
});
