// Actions on the selected tickets, one request each, a few at a time; what was refused is told by number.
import { useState } from 'preact/hooks';
import { ask } from '../api/client';
import type { User } from '../api/types';
import { t } from '../i18n/t';
import { priorities, statuses } from '../state/lookups';
import { me } from '../state/session';
import { complain, say } from '../state/toasts';
import { asProblem, explain } from '../ui/field';
import { PersonPicker } from '../ui/pickers';
import { Dialog } from '../ui/dialog';

const AT_ONCE = 4;

interface Props {
	ids: number[];
	onDone: () => void;
	onClear: () => void;
}

type Change = (id: number) => Promise<unknown>;

export const assign = (user: User): Change => id => ask('POST', `ticket/${id}/assign`, { body: { user_id: user.id } });
export const claim: Change = id => ask('POST', `ticket/${id}/claim`, { body: {} });
export const close: Change = id => ask('POST', `ticket/${id}/close`, { body: {} });
export const setStatus = (status: number): Change => id => ask('POST', `ticket/${id}/status`, { body: { status_id: status } });
export const setPriority = (priority: number): Change => id => ask('POST', `ticket/${id}/priority`, { body: { ticket_priority_id: priority } });

const runAll = async (ids: number[], change: Change, onStep: () => void): Promise<string[]> => {
	const waiting = [...ids], refusals: string[] = [];
	const worker = async (): Promise<void> => {
		for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
			await change(id).catch(reason => refusals.push(`#${id}: ${explain(asProblem(reason))}`));
			onStep();
		}
	};
	await Promise.all(Array.from({ length: AT_ONCE }, worker));
	return refusals;
};

export const Bulk = ({ ids, onDone, onClear }: Props) => {
	const [done, setDone] = useState<number | null>(null);
	const [isAssigning, setAssigning] = useState(false);
	const run = async (change: Change): Promise<void> => {
		let count = 0;
		setDone(0);
		const refusals = await runAll(ids, change, () => setDone(++count));
		setDone(null);
		if (refusals.length)
			complain(`${t('bulk.refused', { n: refusals.length })} ${refusals.slice(0, 3).join(' ')}`);
		else
			say(t('bulk.done', { n: ids.length }));
		onDone();
	};
	if (done !== null)
		return <div class="bulk" role="status">{t('bulk.progress', { done, n: ids.length })} <progress value={done} max={ids.length} /></div>;
	return (
		<div class="bulk" role="region" aria-label={t('bulk.label')}>
			<b>{t('bulk.selected', { n: ids.length })}</b>
			<button type="button" onClick={() => void run(claim)}>{t('action.claim')}</button>
			<button type="button" onClick={() => setAssigning(true)}>{t('action.assign')}</button>
			<label class="choice"><span class="hidden">{t('ticket.status')}</span>
				<select value="" onChange={event => void run(setStatus(Number(event.currentTarget.value)))}>
					<option value="" disabled>{t('ticket.status')}…</option>
					{statuses.value.map(s => <option key={s.id} value={s.id}>{s.status}</option>)}
				</select></label>
			<label class="choice"><span class="hidden">{t('ticket.priority')}</span>
				<select value="" onChange={event => void run(setPriority(Number(event.currentTarget.value)))}>
					<option value="" disabled>{t('ticket.priority')}…</option>
					{priorities.value.map(p => <option key={p.id} value={p.id}>{p.priority}</option>)}
				</select></label>
			<button type="button" onClick={() => void run(close)}>{t('action.close')}</button>
			<button type="button" class="plain" onClick={onClear}>{t('bulk.clear')}</button>
			{isAssigning && (
				<Dialog title={t('action.assign')} onClose={() => setAssigning(false)}>
					<PersonPicker label={t('ticket.assignee')} value={me.value!.id} autofocus
						onChoose={user => { setAssigning(false); void run(assign(user)); }} />
				</Dialog>
			)}
		</div>
	);
};
