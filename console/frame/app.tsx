import { effect } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../i18n/t';
import { loadLookups } from '../state/lookups';
import { isLost, isReached, me, session } from '../state/session';
import { loadViews } from '../state/views';
import { begin } from '../state/session';
import { LoginDialog, LoginPage } from '../login/login';
import { asProblem, Refusal } from '../ui/field';
import type { Problem } from '../api/client';
import { Desk } from './desk';
import { ToastBar } from './toast';

// The desk's own lists, once somebody is logged in.
const useStart = (): { isReady: boolean; problem: Problem | null; again: () => void } => {
	const [isReady, setReady] = useState(false);
	const [problem, setProblem] = useState<Problem | null>(null);
	const user = me.value?.id;
	const load = (): void => {
		setProblem(null);
		Promise.all([loadLookups(), loadViews()]).then(() => setReady(true), reason => setProblem(asProblem(reason)));
	};
	useEffect(() => {
		setReady(false);
		if (user !== undefined)
			load();
	}, [user]);
	return { isReady, problem, again: load };
};

const Unreached = () => (
	<main class="alone" id="main"><Refusal problem={asProblem(new Error(t('problem.unreachable')))} again={() => void begin()} /></main>
);

const Inside = () => {
	const { isReady, problem, again } = useStart();
	if (problem)
		return <main class="alone" id="main"><Refusal problem={problem} again={again} /></main>;
	return isReady ? <Desk /> : <main class="alone" id="main" aria-busy="true"><p class="quiet late">{t('loading')}</p></main>;
};

export const App = () => (
	<>
		{!session.value ? <Unreached /> : me.value ? <Inside /> : <LoginPage />}
		{isLost.value && <LoginDialog />}
		{!isReached.value && session.value && <p class="offline" role="status">{t('problem.offline')}</p>}
		<ToastBar />
	</>
);

// A desk that could not be reached is asked again once the network is back.
effect(() => {
	if (!isReached.value)
		addEventListener('online', () => void begin().catch(() => {}), { once: true });
});
