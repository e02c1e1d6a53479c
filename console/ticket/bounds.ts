// The bounds of a text, so that it is refused before it is sent and in the user's language. The desk has the last word.
import { t } from '../i18n/t';
import { lengthOf } from '../ui/field';

const LEAST = 5, MOST = 5000; // characters
const CLOSE = 4500; // above that the page says how many there are

export const outOfBounds = (text: string): string | undefined => {
	const n = lengthOf(text);
	return n < LEAST || n > MOST ? t('text.bounds', { least: LEAST, most: MOST, n }) : undefined;
};

export const MOST_OF_TITLE = 128;

export const remaining = (text: string): string | undefined =>
	text.length > CLOSE ? t('text.length', { n: lengthOf(text), most: MOST }) : undefined;
