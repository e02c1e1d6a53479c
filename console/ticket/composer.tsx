// The reply. Before it is sent the desk is told which replies its author has seen; if others came meanwhile they are
// shown, and the author decides.

import { useState } from 'preact/hooks';
import { ask, newKey, type Problem } from '../api/client';
import type { Ticket } from '../api/types';
import { t } from '../i18n/t';
import { closedId, statuses } from '../state/lookups';
import { useKeys } from '../state/keys';
import { say } from '../state/toasts';
import { asProblem, Refusal } from '../ui/field';
import { EditorField, type Editor } from './editor';
import { mayClose } from './rights';

interface Props {
	ticket: Ticket;
	seen: number; // the newest reply that is shown
	editor: Editor;
	onSent: () => Promise<void>;
	onNewer: () => Promise<void>;
}

export const Composer = ({ ticket, seen, editor, onSent, onNewer }: Props) => {
	const [problem, setProblem] = useState<Problem | null>(null);
	const [newer, setNewer] = useState(0);
	const [isBusy, setBusy] = useState(false);
	const [status, setStatus] = useState(0);
	const [hours, setHours] = useState('');
	const [key, setKey] = useState(() => newKey());
	const isClosed = ticket.status_id === closedId.value;
	useKeys([{ keys: 'r', does: 'key.reply', run: () => editor.field.current?.focus() }]);

	const send = async (close: boolean): Promise<void> => {
		if (isBusy || editor.isSending() || editor.text.trim() === '')
			return;
		setBusy(true);
		setProblem(null);
		const ids = editor.uploadIds();
		try {
			await ask('POST', 'posts', { key, body: {
				ticket_id: ticket.id, content: editor.text, seen_post_id: seen,
				...close ? { close: true } : status ? { status_id: status } : {},
				...hours ? { hours: Number(hours) } : {}, ...ids.length ? { upload_ids: ids } : {},
			} });
			editor.clear();
			setHours('');
			setStatus(0);
			setNewer(0);
			await onSent();
			say(close ? t('done.replied_closed') : t('done.replied'));
			setKey(newKey());
		} catch (reason) {
			const refused = asProblem(reason);
			if (refused.code === 'newer_replies') {
				setNewer(Number(refused.body.count ?? 1));
				await onNewer();
			} else if (refused.status !== 401)
				setProblem(refused);
			if (refused.status >= 400 && refused.status < 500)
				setKey(newKey()); // another text is another request
		} finally {
			setBusy(false);
		}
	};
	return (
		<section class="composer" aria-label={t('reply.label')}>
			{newer > 0 && <p class="newer" role="alert">{t('reply.newer', { n: newer })}</p>}
			<Refusal problem={problem && problem.field !== 'content' ? problem : null} />
			<EditorField editor={editor} label={t('reply.to_everybody')} rows={5} problem={problem?.of('content')}
				placeholder={isClosed ? t('reply.reopens') : t('reply.hint')} onSend={() => void send(false)}>
				{editor.hasDraft && (
					<span class="chip">{t('draft.found')} <button type="button" class="plain" onClick={editor.clear}>{t('draft.discard')}</button></span>
				)}
			</EditorField>
			<div class="foot">
				<label class="choice">{t('ticket.hours')}
					<input type="number" min="0" step="0.25" max="99999999" value={hours} onInput={event => setHours(event.currentTarget.value)} /></label>
				{!isClosed && (
					<label class="choice">{t('reply.then')}
						<select value={status} onChange={event => setStatus(Number(event.currentTarget.value))}>
							<option value="0">{t('reply.status_stays')}</option>
							{statuses.value.filter(s => s.id !== closedId.value && s.id !== ticket.status_id).map(s => <option key={s.id} value={s.id}>{s.status}</option>)}
						</select></label>
				)}
				<span class="space" />
				{!isClosed && mayClose(ticket) && (
					<button type="button" disabled={isBusy || editor.text.trim() === ''} onClick={() => void send(true)}>{t('reply.close')}</button>
				)}
				<button type="button" class="primary" disabled={isBusy || editor.text.trim() === ''} onClick={() => void send(false)}>
					{isBusy ? t('reply.busy') : newer ? t('reply.anyway') : t('reply.send')}
				</button>
			</div>
		</section>
	);
};

