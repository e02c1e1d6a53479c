import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, type Problem } from '../api/client';
import type { List } from '../api/types';
import { t } from '../i18n/t';
import { session } from '../state/session';
import { complain, say } from '../state/toasts';
import { asProblem, explain } from './field';

interface Props {
	title: string;
	heading?: string; // where it says more than the title of the window
	children: ComponentChildren;
	actions?: ComponentChildren;
}

export const Page = ({ title, heading, children, actions }: Props) => {
	document.title = `${title} – ${session.value!.title}`;
	return (
		<main id="main" class="page" tabIndex={-1}>
			<header class="bar"><h1>{heading ?? title}</h1>{actions}</header>
			{children}
		</main>
	);
};

// Runs a request of a button, and says how it went.
export const attempt = async (what: () => Promise<unknown>, done?: string): Promise<boolean> => {
	try {
		await what();
		if (done)
			say(done);
		return true;
	} catch (reason) {
		complain(explain(asProblem(reason)));
		return false;
	}
};

// The answer of the path that is asked for now; a late one of another path does not count.
export const useAnswer = <Answer,>(path: string) => {
	const [answer, setAnswer] = useState<Answer | null>(null);
	const [problem, setProblem] = useState<Problem | null>(null);
	const wanted = useRef(path);
	wanted.current = path;
	const load = async (signal?: AbortSignal): Promise<void> => {
		const isWanted = (): boolean => !signal?.aborted && wanted.current === path;
		try {
			const next = await get<Answer>(path, signal);
			if (isWanted()) {
				setAnswer(next);
				setProblem(null);
			}
		} catch (reason) {
			if (isWanted())
				setProblem(asProblem(reason));
		}
	};
	useEffect(() => {
		const abort = new AbortController();
		void load(abort.signal);
		return () => abort.abort();
	}, [path]);
	return { answer, problem, load: () => load() };
};

export const useList = <Item,>(path: string) => {
	const { answer: list, problem, load } = useAnswer<List<Item>>(path);
	return { list, items: list?.items ?? [], problem, load };
};

export const Pager = ({ list, onPage }: { list: List<unknown> | null; onPage: (page: number) => void }) => {
	const meta = list?._meta;
	return !meta || meta.total_pages < 2 ? null : (
		<nav class="pages" aria-label={t('pages.label')}>
			<button type="button" disabled={meta.page <= 1} onClick={() => onPage(meta.page - 1)}>{t('pages.previous')}</button>
			<span>{t('pages.of', { page: meta.page, n: meta.total_pages })}</span>
			<button type="button" disabled={meta.page >= meta.total_pages} onClick={() => onPage(meta.page + 1)}>{t('pages.next')}</button>
		</nav>
	);
};
