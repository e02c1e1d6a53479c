// Asks before a deletion, and names the thing. If the desk refuses, the same dialog says why.

import { useRef, useState } from 'preact/hooks';
import type { Problem } from '../api/client';
import { t } from '../i18n/t';
import { say } from '../state/toasts';
import { Dialog } from './dialog';
import { asProblem, Refusal } from './field';

interface Props {
	title: string;
	text: string;
	hint?: string;
	yes?: string;
	done?: string;
	remove: () => Promise<unknown>;
	onDone: () => Promise<unknown> | void;
	onClose: () => void;
}

export const Removal = ({ title, text, hint, yes = t('text.delete'), done = t('done.removed'), remove, onDone, onClose }: Props) => {
	const [problem, setProblem] = useState<Problem | null>(null);
	const isBusy = useRef(false);
	const run = async (): Promise<void> => {
		if (isBusy.current)
			return;
		isBusy.current = true;
		try {
			await remove();
			await onDone();
			say(done);
			onClose();
		} catch (reason) {
			setProblem(asProblem(reason));
		} finally {
			isBusy.current = false;
		}
	};
	return (
		<Dialog title={title} onClose={onClose}>
			<p>{text}</p>
			{hint && <p class="quiet">{hint}</p>}
			<Refusal problem={problem} />
			<div class="actions">
				<button type="button" class="danger" onClick={() => void run()}>{yes}</button>
				<button type="button" onClick={onClose} autofocus>{t('dialog.cancel')}</button>
			</div>
		</Dialog>
	);
};
