// The bar below a list: the changes for the selected tickets, then their progress, then their result.
import { t } from '../i18n/t';
import { mayMove, mayWrite } from '../state/session';
import { explain } from '../ui/field';
import { Icon } from '../ui/icon';
import { Link } from '../ui/link';
import { LABELS, type What } from './ask';
import { undoOf, type Job, type Progress, type Result } from './job';
import type { Selection } from './selection';

const TOLD = 50;

const Running = ({ progress, onStop }: { progress: Progress; onStop: () => void }) => (
	<div class="bulk">
		<span role="status">{progress.of === 0 ? t('bulk.finding', { n: progress.done }) : `${progress.name}: ${t('bulk.progress', { done: progress.done, n: progress.of })}`}</span>
		{progress.of === 0 ? <progress /> : <progress aria-label={progress.name} value={progress.done} max={progress.of} />}
		<button type="button" onClick={onStop}>{t('bulk.stop')}</button>
	</div>
);

const summary = ({ changed, same, refused, left, isUndo }: Result): string => [
	(changed.length || !refused.length) && t(isUndo ? 'bulk.undone_n' : 'bulk.done', { n: changed.length }),
	same && t('bulk.same', { n: same }),
	refused.length && t('bulk.refused', { n: refused.length }),
	left.length && t('bulk.left', { n: left.length }),
].filter(Boolean).join(' ');

const Told = ({ result, job }: { result: Result; job: Job }) => {
	const { refused, left, stopped, act } = result;
	return (
		<div class="bulk told" role="region" aria-label={t('bulk.result')}>
			<div role="status"><b>{act.name}.</b> {summary(result)} {stopped && <span class="bad">{explain(stopped)}</span>}</div>
			{refused.length > 0 && (
				<ul tabIndex={0} aria-label={t('bulk.refused', { n: refused.length })}>
					{refused.slice(0, TOLD).map(({ ticket, problem }) => (
						<li key={ticket.id}><Link to={`/ticket/${ticket.id}`}>#{ticket.id}</Link> <bdi>{ticket.title}</bdi>: {explain(problem)}</li>
					))}
					{refused.length > TOLD && <li>{t('bulk.more', { n: refused.length - TOLD })}</li>}
				</ul>
			)}
			<div class="buttons">
				{left.length > 0 && <button type="button" onClick={() => void job.goOn(result)}>{t('bulk.go_on')}</button>}
				{undoOf(job) && <button type="button" onClick={undoOf(job)}>{t('toast.undo')}</button>}
				<button type="button" class="plain" onClick={job.dismiss} aria-label={t('toast.dismiss')}><Icon name="close" /></button>
			</div>
		</div>
	);
};

interface Props {
	job: Job;
	selection: Selection;
	total: number;
	onAsk: (what: What) => void;
}

export const Bulk = ({ job, selection, total, onAsk }: Props) => {
	const { chosen, isAll, isEvery, setEvery, clear } = selection;
	if (job.progress)
		return <Running progress={job.progress} onStop={job.stop} />;
	if (chosen.length === 0)
		return job.result && <Told result={job.result} job={job} />;
	const count = isEvery ? total : chosen.length;
	const whats = (Object.keys(LABELS) as What[]).filter(what => what === 'category' ? mayMove() : mayWrite());
	return (
		<>
			{job.result && <Told result={job.result} job={job} />}
			<div class="bulk" role="region" aria-label={t('bulk.label')}>
				<b role="status">{t('bulk.selected', { n: count })}</b>
				{isAll && !isEvery && total > chosen.length && (
					<button type="button" class="plain link" onClick={() => setEvery(true)}>{t('bulk.every', { n: total })}</button>
				)}
				<span class="space" />
				<div class="does">{whats.map(what => <button key={what} type="button" onClick={() => onAsk(what)}>{t(LABELS[what], { n: count })}</button>)}</div>
				<button type="button" class="plain" onClick={clear}>{t('bulk.clear')}</button>
			</div>
		</>
	);
};
