// How the search orders pages: chapters and labs before reference, and these before the pages of the package.
var Scorer = {
  score: ([page, , , , score]) => score + (/^(lectures|labs)\//.test(page) ? 10 : /^book\/api\//.test(page) ? -8 : 0),
  objNameMatch: 11, objPartialMatch: 6, objPrio: { 0: 15, 1: 5, 2: -5 }, objPrioDefault: 0,
  title: 15, partialTitle: 7, term: 5, partialTerm: 2,
};
