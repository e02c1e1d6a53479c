import { language } from '../i18n/t';

const MINUTE = 60, HOUR = 3600, DAY = 86400, MONTH = 30 * DAY, YEAR = 365 * DAY;
const steps: [number, number, Intl.RelativeTimeFormatUnit][] = [
	[MINUTE, 1, 'second'], [HOUR, MINUTE, 'minute'], [DAY, HOUR, 'hour'], [MONTH, DAY, 'day'],
	[YEAR, MONTH, 'month'], [Infinity, YEAR, 'year'],
];

export const ago = (seconds: number, locale: string): string => {
	const [, size, unit] = steps.find(([below]) => Math.abs(seconds) < below)!;
	const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'narrow' });
	return unit === 'second' ? format.format(0, 'second') : format.format(Math.round(seconds / size), unit);
};

export const exactly = (at: string): string =>
	new Intl.DateTimeFormat(language.value, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at));

// How long ago, with the exact time for whoever points at it.
export const Time = ({ at }: { at: string }) => (
	<time dateTime={new Date(at).toISOString()} title={exactly(at)}>
		{ago((Date.parse(at) - Date.now()) / 1000, language.value)}
	</time>
);
