import { useRef } from 'preact/hooks';
import { t } from '../i18n/t';
import { pathOf, place } from '../state/router';
import { dialogs, dismiss, toast, undo } from '../state/toasts';
import { Icon } from './icon';
import { Link } from './link';

// The page and each dialog have one from the start, as screen readers read only what changes in it. The topmost dialog
// shows the message: all below it is inert.
export const ToastBar = ({ of }: { of?: string }) => {
	const shown = dialogs.value.at(-1) === of ? toast.value : null;
	const before = useRef<EventTarget | null>(null); // had the focus before the message got it
	const bar = useRef<HTMLDivElement>(null);
	const leave = (does: () => void) => (): void => {
		does();
		if (before.current instanceof HTMLElement && before.current.isConnected)
			before.current.focus({ preventScroll: true });
	};
	return (
		<div ref={bar} class={`toast${shown?.bad ? ' bad' : ''}`} role="status" aria-live="polite"
			onFocusCapture={event => { if (!bar.current!.contains(event.relatedTarget as Node | null)) before.current = event.relatedTarget; }}>
			{shown && <>
				<span>{shown.text}</span>
				{shown.to && of === undefined && shown.to !== pathOf(place.value) && <Link to={shown.to} class="button">{t('toast.open')}</Link>}
				{shown.undo && <button type="button" onClick={leave(undo)}>{t('toast.undo')}</button>}
				<button type="button" class="plain" aria-label={t('toast.dismiss')} onClick={leave(dismiss)}><Icon name="close" /></button>
			</>}
		</div>
	);
};
