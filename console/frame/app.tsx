import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import type { Problem } from '../api/client';
import { choose, speak, t } from '../i18n/t';
import { LoginDialog, LoginPage } from '../login/login';
import { loadLookups } from '../state/lookups';
import { begin, isLost, isReached, me, session } from '../state/session';
import { loadViews } from '../state/views';
import { asProblem, Refusal } from '../ui/field';
import { ToastBar } from '../ui/toast';
import { Desk } from './desk';
import { loadPageAhead } from './pages';

const AGAIN_SECONDS = 5;

// Do it, and again after a while as long as a part of the desk is missing.
const useUntilDone = (what: () => Promise<unknown>) => {
	const [isDone, setDone] = useState(false);
	const [problem, setProblem] = useState<Problem | null>(null);
	const [turn, setTurn] = useState(0);
	useLayoutEffect(() => {
		let timer = 0, isOver = false;
		what().then(() => { if (!isOver) { setProblem(null); setDone(true); } }, reason => {
			if (isOver)
				return;
			const found = asProblem(reason);
			setProblem(found);
			if (found.status === 0 || found.status === 503)
				timer = window.setTimeout(() => setTurn(n => n + 1), (found.retryAfter || AGAIN_SECONDS) * 1000);
		});
		return () => { isOver = true; clearTimeout(timer); };
	}, [turn]);
	return { isDone, problem, again: () => setTurn(n => n + 1) };
};

const Alone = ({ problem, again }: { problem: Problem | null; again: () => void }) => (
	<main class="alone" id="main" aria-busy={!problem}>
		{problem ? <Refusal problem={problem} again={again} /> : <p class="quiet late">{t('loading')}</p>}
	</main>
);

const Unknown = () => {
	const { problem, again } = useUntilDone(begin);
	return <Alone problem={problem} again={again} />;
};

const loadLists = (): Promise<unknown> => Promise.all([loadLookups(), loadViews()]);
let begun: Promise<unknown> | null = null;

// Everything that the first page needs is asked for at once, before anything is drawn.
export const loadAhead = (): void => {
	begun = loadLists();
	begun.catch(() => {});
	loadPageAhead();
};

const takeLists = (): Promise<unknown> => {
	const lists = begun ?? loadLists();
	begun = null;
	return lists;
};

// The desk's own lists, once somebody is logged in.
const Inside = () => {
	const { isDone, problem, again } = useUntilDone(takeLists);
	return isDone ? <Desk /> : <Alone problem={problem} again={again} />;
};

const useLanguage = (): void => {
	const chosen = me.value?.locale;
	useEffect(() => void speak(choose(chosen)).catch(() => {}), [chosen]);
};

export const App = () => {
	useLanguage();
	return (
		<>
			{!session.value ? <Unknown /> : me.value ? <Inside key={me.value.id} /> : <LoginPage />}
			{isLost.value && me.value && <LoginDialog />}
			{!isReached.value && session.value && <p class="offline" role="status">{t('problem.offline')}</p>}
			<ToastBar />
		</>
	);
};
