//! What becomes of one request, with places on disk and with words as they are written there.

use std::collections::BTreeSet;

use lint_finding::{Place, Remark, SentField, SentRequest, Trace, TraceAnswer, TraceStep, TraceWay};

use super::OnDisk;

impl OnDisk<'_> {
    /// Each step of a trace.
    pub(crate) fn trace(&self, trace: &mut Trace) {
        if let Some(problem) = &mut trace.problem {
            self.words(None, problem);
        }
        for run in &mut trace.runs {
            self.words(None, &mut run.listen);
            let mut told = BTreeSet::new();
            run.steps.iter_mut().for_each(|step| {
                self.tell_of(step, &mut told);
                self.step(step);
            });
            run.ways.iter_mut().for_each(|way| self.way(way));
        }
        self.outcome(&mut trace.outcome);
    }

    fn way(&self, way: &mut TraceWay) {
        let TraceWay { assumptions, steps, sent, answer, after, idle, fields: added, possible } = way;
        assumptions.iter_mut().for_each(|assumption| self.words(None, assumption));
        steps.iter_mut().chain(after).for_each(|step| self.step(step));
        if let Some(SentRequest { line, fields, dropped }) = sent {
            self.words(None, line);
            fields.iter_mut().chain(dropped).for_each(|field| self.field(field));
        }
        self.answer(answer);
        idle.iter_mut().for_each(|idle| self.optional(&mut idle.place));
        added.iter_mut().for_each(|field| field.place = self.place(field.place));
        for one in possible {
            self.words(one.place, &mut one.text);
            self.optional(&mut one.place);
        }
    }

    fn answer(&self, answer: &mut TraceAnswer) {
        let TraceAnswer { location, text, place, instead, remarks, .. } = answer;
        self.words(*place, text);
        if let Some(location) = location {
            self.words(*place, location);
        }
        for one in instead {
            self.words(one.place, &mut one.condition);
            self.optional(&mut one.place);
        }
        remarks.iter_mut().for_each(|remark| self.remark(remark));
        self.optional(place);
    }

    fn field(&self, field: &mut SentField) {
        let SentField { name, value, place, note, .. } = field;
        self.words(*place, name);
        for text in value.iter_mut().chain(note) {
            self.words(*place, text);
        }
        self.optional(place);
    }

    fn step(&self, step: &mut TraceStep) {
        self.words(step.place, &mut step.text);
        self.optional(&mut step.place);
        step.remarks.iter_mut().for_each(|remark| self.remark(remark));
    }

    /// Adds what other files, or a controller, make of the line of a step, each once.
    fn tell_of<'o>(&'o self, step: &mut TraceStep, told: &mut BTreeSet<&'o str>) {
        let Some(place) = step.place else { return };
        let Some(hosted) = self.hosted(place.file) else { return };
        for words in hosted.view().told(place.span) {
            if told.insert(words) {
                step.remarks.push(Remark { text: words.to_owned(), place: None });
            }
        }
    }

    fn remark(&self, remark: &mut Remark) {
        self.words(remark.place, &mut remark.text);
        self.optional(&mut remark.place);
    }

    /// Placeholders as they are on disk; `place`: where the text is from.
    fn words(&self, place: Option<Place>, text: &mut String) {
        if let Some(written) = self.written(place.map(|place| place.file), text) {
            *text = written;
        }
    }
}
