import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { t } from '../i18n/t';
import { dialogs } from '../state/toasts';
import { Icon } from './icon';
import { ToastBar } from './toast';

interface Props {
	title: string;
	onClose: () => void;
	children: ComponentChildren;
	wide?: boolean;
	// A dialog that has to be answered does not close by Escape or a click beside it.
	insists?: boolean;
}

// The browser keeps the focus inside and gives it back.
export const Dialog = ({ title, onClose, children, wide, insists }: Props) => {
	const element = useRef<HTMLDialogElement>(null);
	const id = useId();
	// Before the next key: what is typed at once is for its field.
	useLayoutEffect(() => {
		const dialog = element.current!;
		const before = document.activeElement;
		dialog.showModal();
		dialogs.value = [...dialogs.value, id];
		return () => {
			dialogs.value = dialogs.value.filter(other => other !== id);
			dialog.close();
			if (before instanceof HTMLElement && before.isConnected)
				before.focus();
			else
				document.getElementById('main')?.focus({ preventScroll: true }); // what opened it is gone
		};
	}, []);
	// Browsers close a dialog when Escape is pressed twice, even if the page prevents it.
	const closed = (dialog: HTMLDialogElement): void => {
		if (!dialog.isConnected)
			return;
		if (insists)
			dialog.showModal();
		else
			onClose();
	};
	return (
		<dialog ref={element} class={wide ? 'wide' : ''} aria-labelledby={id}
			onCancel={event => { event.preventDefault(); if (!insists) onClose(); }}
			onClose={event => closed(event.currentTarget)}
			onMouseDown={event => { if (!insists && event.target === element.current) onClose(); }}>
			<div class="dialog">
				<header>
					<h2 id={id}>{title}</h2>
					{!insists && <button type="button" class="plain" onClick={onClose} aria-label={t('dialog.close')}><Icon name="close" /></button>}
				</header>
				{children}
			</div>
			<ToastBar of={id} />
		</dialog>
	);
};

interface ConfirmProps {
	title: string;
	text: string;
	yes: string;
	onYes: () => void;
	onNo: () => void;
}

// Asks before a change that cannot be undone. It names the thing.
export const Confirm = ({ title, text, yes, onYes, onNo }: ConfirmProps) => (
	<Dialog title={title} onClose={onNo}>
		<p>{text}</p>
		<div class="actions">
			<button type="button" class="danger" onClick={onYes}>{yes}</button>
			<button type="button" onClick={onNo} autofocus>{t('dialog.cancel')}</button>
		</div>
	</Dialog>
);
