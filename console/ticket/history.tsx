import { useEffect, useState } from 'preact/hooks';
import type { Problem } from '../api/client';
import type { History } from '../api/types';
import { t } from '../i18n/t';
import { asProblem, Refusal } from '../ui/field';
import { Dialog } from '../ui/dialog';
import { nameOf } from '../ui/person';
import { Time } from '../ui/time';
import { fetchHistories } from './data';
import { diff } from './diff';

interface Props {
	of: { topic_id: number } | { post_id: number };
	content: string; // as it is
	onClose: () => void;
}

export const Diff = ({ before, after }: { before: string; after: string }) => (
	<p class="diff" dir="auto">{diff(before, after).map((piece, i) => piece.kind === 'added' ? <ins key={i}>{piece.text}</ins>
		: piece.kind === 'removed' ? <del key={i}>{piece.text}</del> : piece.text)}</p>
);

// Each edit keeps the text before it: what it changed is the difference to the next one.
export const HistoryDialog = ({ of, content, onClose }: Props) => {
	const [histories, setHistories] = useState<History[] | null>(null);
	const [problem, setProblem] = useState<Problem | null>(null);
	const load = (): void => {
		setProblem(null);
		fetchHistories(of).then(setHistories, reason => setProblem(asProblem(reason)));
	};
	useEffect(load, []);
	const edits = [...histories ?? []].sort((a, b) => a.id - b.id);
	return (
		<Dialog title={t('history.title')} onClose={onClose} wide>
			<Refusal problem={problem} again={load} />
			{!histories && !problem && <p aria-busy="true" class="quiet">{t('loading')}</p>}
			{histories?.length === 0 && <p class="quiet">{t('history.none')}</p>}
			<ol class="history" reversed>{edits.map((edit, i) => (
				<li key={edit.id}>
					<p class="quiet"><b><bdi>{nameOf(edit.user_id)}</bdi></b> <Time at={edit.date_modified} /></p>
					<Diff before={edit.original_content} after={edits[i + 1]?.original_content ?? content} />
				</li>
			)).reverse()}</ol>
		</Dialog>
	);
};
