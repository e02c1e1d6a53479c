// One change of many tickets: its progress, its result, and the way back.
import { useRef, useState } from 'preact/hooks';
import type { Ticket } from '../api/types';
import { t } from '../i18n/t';
import { complain, say } from '../state/toasts';
import { asProblem, explain } from '../ui/field';
import { findAll, runAll, type Act, type Outcome } from './change';

export interface Progress {
	name: string;
	done: number;
	of: number; // 0 while the list of them is read
}

export interface Result extends Outcome {
	act: Act;
	isUndo: boolean;
}

export const useJob = (query: URLSearchParams, onDone: (refused: Ticket[]) => void) => {
	const [progress, setProgress] = useState<Progress | null>(null);
	const [result, setResult] = useState<Result | null>(null);
	const stop = useRef(new AbortController());

	const runOn = async (act: Act, tickets: Ticket[], run: (ticket: Ticket) => Promise<unknown>, isUndo: boolean): Promise<Result> => {
		setProgress({ name: act.name, done: 0, of: tickets.length });
		const outcome = await runAll(tickets, run, done => setProgress({ name: act.name, done, of: tickets.length }), stop.current);
		setProgress(null);
		onDone(outcome.refused.map(({ ticket }) => ticket));
		return { ...outcome, act, isUndo };
	};
	const begin = (): void => { stop.current = new AbortController(); setResult(null); };
	const undo = async ({ act, changed }: Result): Promise<void> => {
		begin();
		setResult(await runOn(act, changed, act.undo!, true));
	};
	// For one ticket, the message at the bottom has the result and the way back.
	const runOne = async (act: Act, ticket: Ticket, done: string): Promise<void> => {
		try {
			await act.run(ticket.id);
			say(done, act.undo && (() => void act.undo!(ticket).then(() => { say(t('bulk.undone')); onDone([]); },
				reason => complain(explain(asProblem(reason))))), `/ticket/${ticket.id}`);
		} catch (reason) {
			complain(`#${ticket.id}: ${explain(asProblem(reason))}`);
		}
		onDone([]);
	};
	const runMany = async (act: Act, tickets: Ticket[]): Promise<void> => {
		begin();
		setResult(await runOn(act, tickets, ticket => act.run(ticket.id), false));
	};
	const runEvery = async (act: Act): Promise<void> => {
		begin();
		setProgress({ name: act.name, done: 0, of: 0 });
		try {
			const tickets = await findAll(query, done => setProgress({ name: act.name, done, of: 0 }), stop.current.signal);
			setResult(await runOn(act, tickets, ticket => act.run(ticket.id), false));
		} catch (reason) {
			setProgress(null);
			if (!stop.current.signal.aborted)
				complain(explain(asProblem(reason)));
		}
	};
	// The result is that of the whole change, so that its way back is.
	const goOn = async ({ act, left, isUndo, changed, same, refused }: Result): Promise<void> => {
		begin();
		const rest = await runOn(act, left, isUndo ? act.undo! : ticket => act.run(ticket.id), isUndo);
		setResult({ ...rest, changed: [...changed, ...rest.changed], same: same + rest.same, refused: [...refused, ...rest.refused] });
	};
	return { progress, result, runOne, runMany, runEvery, undo, goOn, stop: () => stop.current.abort(), dismiss: () => setResult(null) };
};

export type Job = ReturnType<typeof useJob>;

// The way back from the change whose result is shown, if there is one.
export const undoOf = ({ result, undo }: Job): (() => void) | undefined =>
	result && result.changed.length > 0 && result.act.undo && !result.isUndo ? () => void undo(result) : undefined;
